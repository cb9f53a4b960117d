/**
 * One side of a row: `node bench/ours.mjs KIND OPTIONS`, with KIND one of step, evaluate, generate, product,
 * pieces, tokens, bertscore and load, and OPTIONS as JSON (rows.mjs). `engine`: onnx, or the folder of a TensorFlow.
 * Prints one line of JSON: wall and CPU seconds of each part, and what was computed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAllFloat32 } from '../dist/package/src/ml/checkpoint/lazy-tensor.js';
import { openMt5Folder } from '../dist/package/src/ml/checkpoint/mt5-folder.js';
import { bertScores } from '../dist/package/src/ml/evaluate/bert-score.js';
import { openSentenceEncoder } from '../dist/package/src/ml/evaluate/open-sentence-encoder.js';
import { openDecoder } from '../dist/package/src/ml/generate/decoder.js';
import { generate } from '../dist/package/src/ml/generate/generate.js';
import { mostNeeded } from '../dist/package/src/ml/generate/selected-candidates.js';
import { plainTrace } from '../dist/package/src/ml/model/mt5-trace.js';
import { computingPlaceOf } from '../dist/package/src/ml/model/computing-place.js';
import { openRuntime } from '../dist/package/src/ml/runtime/open-runtime.js';
import { matmul } from '../dist/package/src/ml/tensor/ops/matmul.js';
import { input as inputNode } from '../dist/package/src/ml/tensor/ops/source.js';
import { openTokenizer } from '../dist/package/src/ml/text/open-tokenizer.js';
import { encodeIds, readSentencePiece } from '../dist/package/src/ml/text/sentencepiece/sentencepiece.js';
import { loadFrozen, parameterLoader } from '../dist/package/src/ml/train/load-parameters.js';
import { evaluationFeeds, stepFeeds } from '../dist/package/src/ml/train/micro-batch.js';
import { traineeOf } from '../dist/package/src/ml/train/trainee.js';
import { folder, modelFolder, valueOf } from './inputs.mjs';

const [kind, text] = process.argv.slice(2);
const options = JSON.parse(text);
const input = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

const kinds = {
  async step({ model, batch, steps, warm, length, method = 'full', ...engine }) {
    const { config, tensors } = valueOf(await openMt5Folder(modelFolder(model)));
    const batches = batchesOf({ batch, steps, warm, length });
    const training = trainingOf(method, batch);
    const runtime = await openEngine(engine);
    const trainee = valueOf(traineeOf(config, training, batches.flat(), computingPlaceOf(runtime)));
    const session = await runtime.openTraining({
      constants: valueOf(await loadFrozen(tensors, trainee.shapes)),
      entries: {},
      training: {
        graph: trainee.training,
        trained: trainee.shapes,
        optimizer: training.optimizer,
        weightDecayOf: () => 0.01,
        accumulation: 1,
      },
    });
    valueOf(await session.assign(trainee.shapes.keys(), parameterLoader(trainee.initial, tensors)));
    const times = [];
    let loss;
    for (const [step, rows] of batches.entries()) {
      const feeds = () => stepFeeds([rows], step, config, training, trainee);
      const update = { step: step + 1, learningRate: 5e-5, maxGradientNorm: 1 };
      times.push(await timed(async () => ({ loss } = await session.step(feeds(), update))));
    }
    return { version: runtime.version, times: times.slice(warm), loss };
  },

  async evaluate({ model, batch, steps, warm, length, ...engine }) {
    const { config, tensors } = valueOf(await openMt5Folder(modelFolder(model)));
    const batches = batchesOf({ batch, steps, warm, length });
    const runtime = await openEngine(engine);
    const trainee = valueOf(
      traineeOf(config, trainingOf('full', batch), batches.flat(), computingPlaceOf(runtime)),
    );
    const entries = { evaluate: trainee.evaluation };
    const session = await runtime.open({ constants: await weightsOf(tensors), entries });
    const times = [];
    let outputs;
    for (const rows of batches) {
      const feeds = () => evaluationFeeds(rows, config);
      times.push(await timed(async () => (outputs = await session.run('evaluate', feeds()))));
    }
    return { version: runtime.version, times: times.slice(warm), loss: outputs.loss.data[0] };
  },

  async generate({ model, count, batch, tokens, beams = 4, ...engine }) {
    const { config, tensors } = valueOf(await openMt5Folder(modelFolder(model)));
    const weights = await weightsOf(tensors);
    const runtime = await openEngine(engine);
    const scores = beams === 1 ? 'logits' : 'logProbabilities';
    const optionsTo = (longest) => ({ ...generation, search: searchOf(beams), maxLength: longest + 1 });
    const needed = mostNeeded([optionsTo(tokens)]);
    const decoder = await openDecoder(runtime, plainTrace(config), weights, scores, needed);
    const request = (sources, longest) => ({ sources, batch, options: optionsTo(longest) });
    const sources = input('rows.json')
      .slice(0, count)
      .map(({ source }) => source);
    await generate(decoder, request(sources.slice(0, batch), 4));
    let found;
    const time = await timed(async () => (found = await generate(decoder, request(sources, tokens))));
    return {
      version: runtime.version,
      times: [time],
      tokens: found.flat().reduce((sum, sequence) => sum + sequence.tokens.length, 0),
    };
  },

  async product({ size, passes, ...engine }) {
    const shape = [size, size];
    const [left, right] = ['left', 'right'].map((name) => inputNode(name, 'float32', shape));
    const runtime = await openEngine(engine);
    const session = await runtime.open({ entries: { product: { outputs: { it: matmul(left, right) } } } });
    const value = { dtype: 'float32', shape, data: new Float32Array(size * size).fill(1.5) };
    const times = [];
    for (let pass = -1; pass < passes; pass += 1)
      times.push(await timed(() => session.run('product', { left: value, right: value })));
    return { version: runtime.version, times: times.slice(1) };
  },

  async pieces({ passes }) {
    const model = valueOf(readSentencePiece(readFileSync(join(modelFolder('nano'), 'spiece.model'))));
    return encoded(passes, (line) => encodeIds(model, line));
  },

  async tokens({ passes }) {
    const tokenizer = valueOf(await openTokenizer(modelFolder('nano'), { tokenization: 'transformers' }));
    return encoded(passes, (line) => tokenizer.encode(line));
  },

  async bertscore({ encoder: name, count, batch, threads }) {
    const pairs = input('pairs.json')
      .slice(0, count)
      .map(([candidate, reference]) => ({ candidate, reference }));
    const work = async (some) => {
      const runtime = await openEngine({ threads });
      const how = { layer: null, name, tokenization: 'transformers' };
      const encoder = valueOf(await openSentenceEncoder(modelFolder(name), runtime, how));
      return bertScores(some, encoder, runtime, { idf: false, baseline: null, batch });
    };
    await work(pairs.slice(0, 4));
    let scores;
    const time = await timed(async () => (scores = await work(pairs)));
    return { times: [time], f1: scores.reduce((sum, { f1 }) => sum + f1, 0) / count };
  },

  async load({ model, threads }) {
    const [{ source }] = input('rows.json');
    let top;
    const time = await timed(async () => {
      const { config, tensors } = valueOf(await openMt5Folder(modelFolder(model)));
      const weights = await weightsOf(tensors);
      const decoder = await openDecoder(await openEngine({ threads }), plainTrace(config), weights, 'logits');
      await decoder.start([source]);
      const logits = await decoder.step(Int32Array.of(0), Int32Array.of(0));
      top = logits.indexOf(logits.reduce((most, each) => Math.max(most, each), -Infinity));
    });
    return { times: [time], top };
  },
};

const openEngine = ({ engine = 'onnx', ...how }) =>
  engine === 'onnx' ? openRuntime('onnx', how) : openRuntime('tensorflow', { ...how, folder: engine });

const trainingOf = (method, batch) => ({
  method: method === 'lora' ? { kind: 'lora', adapter } : { kind: 'full' },
  optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  accumulationRule: 'means',
  labelSmoothing: 0,
  gradientCheckpointing: false,
  seed: 42,
  batch,
});

const adapter = {
  baseModelNameOrPath: null,
  revision: null,
  r: 8,
  loraAlpha: 32,
  loraDropout: 0.1,
  targetModules: ['q', 'v'],
  excludeModules: null,
  layersToTransform: null,
  layersPattern: null,
  rankPattern: {},
  alphaPattern: {},
  useRslora: false,
  bias: 'none',
  modulesToSave: [],
};

const generation = {
  minNewTokens: 0,
  repetitionPenalty: 1,
  noRepeatNgramSize: 3,
  encoderNoRepeatNgramSize: 0,
  encoderRepetitionPenalty: 1,
  badWords: [],
  sequenceBias: [],
  forcedStart: null,
  forcedEnd: [],
  suppressed: [],
  suppressedAtStart: [],
  exponentialDecay: null,
  removeInvalidValues: false,
  renormalize: false,
  startTokenId: 0,
  endTokenIds: [1],
};

const searchOf = (beams) =>
  beams === 1
    ? { kind: 'greedy' }
    : { kind: 'beam', beams, earlyStopping: true, lengthPenalty: 1, returned: 1 };

/** Warm-up batches are of short rows. `length`: of every row, where they are all alike. */
function batchesOf({ batch, steps, warm, length }) {
  const rows = input('rows.json');
  const full = rows.filter(({ source, target }) => Math.min(source.length, target.length) >= (length ?? 0));
  const of = (index) =>
    full
      .slice((index * batch) % full.length)
      .concat(full)
      .slice(0, batch);
  return [
    ...Array.from({ length: warm }, (_, index) => of(index).map((row) => cut(row, length ?? 32))),
    ...Array.from({ length: steps }, (_, index) => of(index).map((row) => cut(row, length ?? 512))),
  ];
}

function cut(row, longest) {
  return { source: row.source.slice(0, longest), target: row.target.slice(0, longest) };
}

async function weightsOf(tensors) {
  return Object.fromEntries(
    Array.from(valueOf(await loadAllFloat32(tensors)), ([name, data]) => [
      name,
      { dtype: 'float32', shape: tensors.get(name).shape, data },
    ]),
  );
}

async function encoded(passes, encode) {
  const lines = input('texts.json');
  const times = [];
  let tokens = 0;
  for (let pass = 0; pass < passes; pass += 1) {
    tokens = 0;
    times.push(
      await timed(() => {
        for (const line of lines) tokens += encode(line).length;
      }),
    );
  }
  return { times, tokens };
}

async function timed(work) {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1e3, cpu: (user + system) / 1e6 };
}

const answer = await kinds[kind](options);
console.log(JSON.stringify({ ...answer, megabytes: process.resourceUsage().maxRSS / 1024 }));
