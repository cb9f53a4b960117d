/**
 * What both sides of the rows in rows.mjs read: model folders with random weights, token rows with the
 * lengths of real questions and answers, and the sample texts. Made once, in node_modules/.cache/bench, by a
 * process of its own (`node bench/make-inputs.mjs MODEL...`): Linux counts the peak of a process as that of
 * those that it starts.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromMemory } from '../dist/package/src/ml/checkpoint/lazy-tensor.js';
import {
  openMt5Folder,
  tokenizerFiles,
  writeMt5Folder,
} from '../dist/package/src/ml/checkpoint/mt5-folder.js';
import { mt5ParameterShapes } from '../dist/package/src/ml/checkpoint/mt5-parameters.js';
import { initialiseMt5 } from '../dist/package/src/ml/model/initialise-mt5.js';
import { folder, modelFolder, valueOf } from './inputs.mjs';

const root = join(import.meta.dirname, '..');

const small = { dModel: 512, dKv: 64, numHeads: 6, dFf: 1024, numLayers: 8, numDecoderLayers: 8 };
const models = {
  nano: { vocabSize: 4104, dModel: 128, dKv: 32, numHeads: 4, dFf: 256, numLayers: 2, numDecoderLayers: 2 },
  small: { ...small, vocabSize: 32_128 },
  'small-250k': { ...small, vocabSize: 250_112 },
};

mkdirSync(folder, { recursive: true });
for (const name of process.argv.slice(2)) await makeModel(name);
writeFileSync(join(folder, 'rows.json'), JSON.stringify(rows()));
writeFileSync(join(folder, 'texts.json'), JSON.stringify(texts()));

async function makeModel(name) {
  if (existsSync(modelFolder(name))) return;
  const nano = join(root, 'data/models/nano-mt5');
  const template = valueOf(await openMt5Folder(nano));
  const config = { ...template.config, ...models[name], dropoutRate: 0.1 };
  const values = initialiseMt5(config, 1);
  const tensors = fromMemory(
    new Map(
      [...mt5ParameterShapes(config)].map(([parameter, shape]) => [
        parameter,
        { dtype: 'float32', shape, data: values.get(parameter) },
      ]),
    ),
  );
  const copies = valueOf(await tokenizerFiles(nano));
  valueOf(await writeMt5Folder(modelFolder(name), { ...template, config, tensors }, { copies }));
}

/** Log-normal lengths as of questions (median 133 tokens) and answers (152), up to 512. */
function rows() {
  const next = generator(3);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const row = (median, least) => {
    const length = Math.round(Math.min(512, Math.max(least, median * Math.exp(0.6 * normal()))));
    return [...Array.from({ length: length - 1 }, () => 5 + Math.floor(next() * 3990)), 1];
  };
  return Array.from({ length: 400 }, () => ({ source: row(133, 26), target: row(152, 7) }));
}

/** The sample rows, often enough that they take both sides a while. */
function texts() {
  const lines = ['data/raw/aimc/aimc.csv', 'data/raw/huatuo/huatuo.jsonl'].flatMap((file) =>
    readFileSync(join(root, file), 'utf8').trim().split('\n'),
  );
  return Array.from({ length: 5 }, () => lines).flat();
}

function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}
