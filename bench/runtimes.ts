/**
 * Times of a training step, an evaluation and greedy decoding on one engine. Run, for each engine by itself,
 * since TensorFlow takes its threads when it starts:
 *   npx esbuild bench/runtimes.ts --bundle --platform=node --format=esm --external:onnxruntime-node \
 *     --outfile=node_modules/.cache/runtimes.mjs && node node_modules/.cache/runtimes.mjs onnx 2
 *   node node_modules/.cache/runtimes.mjs tensorflow 2 FOLDER
 * FOLDER is that of the engine (see docs/gpu.md); add bf16 for products of bfloat16.
 * Prints a row a size: median and least milliseconds. Sizes: nano, the model of the default experiment, 8
 * rows of 48 tokens; small, the dimensions of mt5-small with 32,128 pieces, 4 rows of 64 tokens.
 */
import type { Mt5Config } from '../src/ml/checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../src/ml/checkpoint/mt5-parameters.ts';
import { openDecoder } from '../src/ml/generate/decoder.ts';
import { generate } from '../src/ml/generate/generate.ts';
import type { GenerationOptions } from '../src/ml/generate/generation-options.ts';
import { initialiseMt5 } from '../src/ml/model/initialise-mt5.ts';
import { dropoutFeeds, hashedDropout, rowKeys } from '../src/ml/model/mt5-dropout.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../src/ml/model/mt5-feeds.ts';
import { lossGraph, trainingGraph } from '../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../src/ml/model/mt5-trace.ts';
import { openRuntime } from '../src/ml/runtime/open-runtime.ts';
import type { TrainingRuntime, Values } from '../src/ml/runtime/runtime.ts';
import { plainOptions } from '../tests/generate/plain-options.ts';
import { tinyConfig } from '../tests/model/tiny-model.ts';
import { markdownTable } from './markdown-table.ts';

const [name = 'onnx', threads = '2', folder, precision = 'float32'] = process.argv.slice(2);
if (name !== 'onnx' && name !== 'tensorflow') throw new Error(`no engine "${name}": onnx or tensorflow`);
if (precision !== 'float32' && precision !== 'bf16') throw new Error(`no precision "${precision}"`);
const runtime = await openRuntime(name, {
  threads: Number(threads),
  precision,
  ...(folder === undefined ? {} : { folder }),
});

const nano: Mt5Config = {
  ...tinyConfig,
  vocabSize: 4096,
  dModel: 128,
  dKv: 32,
  dFf: 256,
  numDecoderLayers: 2,
  relativeAttentionNumBuckets: 32,
  relativeAttentionMaxDistance: 128,
};
const small: Mt5Config = {
  ...nano,
  vocabSize: 32_128,
  dModel: 512,
  dKv: 64,
  dFf: 1024,
  numLayers: 8,
  numDecoderLayers: 8,
  numHeads: 6,
};

const answerTokens = 24;
const beams: GenerationOptions = {
  ...plainOptions,
  maxLength: answerTokens + 1,
  minNewTokens: answerTokens,
  search: { kind: 'beam', beams: 4, earlyStopping: true, lengthPenalty: 1, returned: 1 },
};

const rows = [
  await timesOf(runtime, 'nano', nano, { batch: 8, tokens: 48, runs: 30 }),
  await timesOf(runtime, 'small', small, { batch: 4, tokens: 64, runs: 7 }),
];
console.log(`${runtime.version} on ${runtime.device}, threads: ${threads}, ${precision}\n`);
console.log(markdownTable(['size', 'step', 'evaluation', 'token of 8 beams'], rows));

interface Batch {
  readonly batch: number;
  readonly tokens: number;
  readonly runs: number;
}

async function timesOf(
  on: TrainingRuntime,
  size: string,
  config: Mt5Config,
  { batch, tokens, runs }: Batch,
): Promise<readonly string[]> {
  const trace = { ...plainTrace(config), dropout: hashedDropout };
  const weights = initialiseMt5(config, 1);
  const session = await on.openTraining({
    entries: { evaluate: lossGraph(plainTrace(config)) },
    training: {
      graph: trainingGraph(trace, trace.parameters),
      trained: mt5ParameterShapes(config),
      optimizer: { name: 'adamw' },
      weightDecayOf: () => 0.01,
      accumulation: 1,
    },
  });
  await session.assign(mt5ParameterShapes(config).keys(), async (parameter, into) => {
    into.set(weights.get(parameter) ?? []);
    return { ok: true, value: undefined };
  });
  const row = (seed: number): readonly number[] => [
    ...Array.from(
      { length: tokens - 1 },
      (_, place) => 2 + ((seed * 7919 + place * 104_729) % (config.vocabSize - 2)),
    ),
    1,
  ];
  const source = Array.from({ length: batch }, (_, index) => row(index));
  const labels = Array.from({ length: batch }, (_, index) => row(index + batch));
  const feeds: Values = {
    ...sourceFeeds(source, config),
    ...targetFeeds(shiftRight(labels, config), config),
    ...labelFeeds(labels, 1 / labels.flat().length),
  };
  let step = 0;
  const steps = await timed(runs, async () => {
    step += 1;
    const dropout = dropoutFeeds(rowKeys(1, step, 0, batch), source, labels);
    await session.step([{ ...feeds, ...dropout }], { step, learningRate: 1e-4, maxGradientNorm: 1 });
  });
  const evaluations = await timed(runs, () => session.run('evaluate', feeds));
  await session.release();
  const decoder = await openDecoder(
    on,
    plainTrace(config),
    Object.fromEntries(
      [...mt5ParameterShapes(config)].map(([parameter, shape]) => [
        parameter,
        { dtype: 'float32', shape, data: weights.get(parameter) ?? new Float32Array(0) },
      ]),
    ),
    'logProbabilities',
  );
  const answers = await timed(Math.ceil(runs / 5), () =>
    generate(decoder, { sources: source.slice(0, 2), options: beams, batch: 2 }),
  );
  await decoder.release();
  return [size, ...[steps, evaluations, answers.map((time) => time / answerTokens)].map(shown)];
}

/** Milliseconds of each run; two before them are not counted. */
async function timed(runs: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let run = -2; run < runs; run += 1) {
    const started = performance.now();
    await work();
    if (run >= 0) times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b);
}

function shown(times: readonly number[]): string {
  const median = times[Math.floor(times.length / 2)] ?? Number.NaN;
  return `${median.toFixed(1)} (${(times[0] ?? Number.NaN).toFixed(1)})`;
}
