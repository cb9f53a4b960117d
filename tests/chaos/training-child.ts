import { realDisk } from '../../src/files/disk.ts';
import { held } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { train } from '../../src/ml/train/train.ts';
import { tinyConfig, weightValues } from '../model/tiny-model.ts';
import { adapter, bitsOf, copyExamples, plainConfig } from '../train/tiny-training.ts';

/** A training in a process of its own: a line on stdout for each of its events and for each operation of its disk, and at the end all its bits. */
const [, , scratch = '', method = 'full'] = process.argv;
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const ended = new AbortController();
process.on('SIGTERM', () => ended.abort());

const weights = new Map(Object.entries(weightValues(tinyConfig, initialiseMt5(tinyConfig, 7))).flatMap(([name, value]) => (value.dtype === 'float32' ? [[name, value] as const] : [])));
const outcome = await train({
  model: { config: tinyConfig, tensors: held(weights) },
  examples: copyExamples,
  config: { ...plainConfig, ...(method === 'lora' ? { method: { kind: 'lora', adapter } } : {}), length: { epochs: 6 }, accumulation: 2, batch: 3, checkpoint: { steps: 3 }, restoreBest: true, keepCheckpoints: 2 },
  runtime: await openRuntime('onnx', { threads: 1 }),
  scratch,
  signal: ended.signal,
  emit: ({ kind }) => say({ kind }),
  disk: {
    create: async (path, content) => (say({ disk: 'create' }), realDisk.create(path, content)),
    sync: async (path) => (say({ disk: 'sync' }), realDisk.sync(path)),
    rename: async (from, to) => (say({ disk: 'rename' }), realDisk.rename(from, to)),
    remove: async (path) => (say({ disk: 'remove' }), realDisk.remove(path)),
  },
});
say(outcome.kind === 'finished' ? { kind: 'finished', bits: bitsOf(outcome) } : outcome);
