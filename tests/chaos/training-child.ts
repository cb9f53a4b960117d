import { plainOptions } from '../generate/plain-options.ts';
import { realDisk } from '../../src/files/disk.ts';
import { fromMemory } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { validationSplit } from '../../src/ml/dataset/split.ts';
import { openDecoder } from '../../src/ml/generate/decoder.ts';
import { generate } from '../../src/ml/generate/generate.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { train } from '../../src/ml/train/train.ts';
import { tinyConfig, weightValues } from '../model/tiny-model.ts';
import { bitsOf, copyExamples, keepInMemory, plainConfig } from '../train/tiny-training.ts';
import { trainings } from './trainings.ts';

/**
 * A training in a process of its own: a line on stdout for each of its events and for each operation of its
 * disk, and at the end all its bits.
 */
const [, , scratch = '', name = ''] = process.argv;
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const ended = new AbortController();
process.on('SIGTERM', () => ended.abort());

const runtime = await openRuntime('onnx', { threads: 1 });

/** The tokens of some greedy answers, as a number. */
async function measure(parameters: Feeds): Promise<Readonly<Record<string, number>>> {
  const decoder = await openDecoder(runtime, plainTrace(tinyConfig), parameters, 'logits');
  const options = { ...plainOptions, maxLength: 8 };
  const answers = await generate(decoder, {
    sources: copyExamples.slice(0, 4).map(({ source }) => source),
    options,
    batch: 2,
    signal: ended.signal,
  });
  await decoder.release();
  say({ kind: 'measured' });
  return {
    tokens: answers
      .flat()
      .flatMap(({ tokens }) => tokens)
      .reduce((sum, token, place) => sum + token * (place + 1), 0),
  };
}

const weights = new Map(
  Object.entries(weightValues(tinyConfig, initialiseMt5(tinyConfig, 7))).flatMap(([parameter, value]) =>
    value.dtype === 'float32' ? [[parameter, value] as const] : [],
  ),
);
const { trained, write } = keepInMemory();
const outcome = await train({
  model: { config: tinyConfig, tensors: fromMemory(weights) },
  examples: copyExamples,
  split: validationSplit(copyExamples.length, 0.2, 42),
  config: trainings[name] ?? plainConfig,
  runtime,
  scratch,
  signal: ended.signal,
  emit: ({ kind }) => say({ kind }),
  write,
  ...(name.includes('measured') ? { measure } : {}),
  disk: {
    create: async (path, content) => (say({ disk: 'create' }), realDisk.create(path, content)),
    sync: async (path) => (say({ disk: 'sync' }), realDisk.sync(path)),
    rename: async (from, to) => (say({ disk: 'rename' }), realDisk.rename(from, to)),
    remove: async (path) => (say({ disk: 'remove' }), realDisk.remove(path)),
  },
});
say(
  outcome.kind === 'finished'
    ? { kind: 'finished', stoppedEarly: outcome.stoppedEarly, bits: bitsOf({ outcome, trained }) }
    : outcome,
);
