/**
 * What both sides of the rows in rows.mjs read: model folders with random weights, token rows with the
 * lengths of real questions and answers, and the sample texts. Made once, in node_modules/.cache/bench, by a
 * process of its own (`node bench/make-inputs.mjs MODEL...`): Linux counts the peak of a process as that of
 * those that it starts.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseBertConfig } from '../dist/package/src/ml/checkpoint/bert-config.js';
import { bertParameterShapes } from '../dist/package/src/ml/checkpoint/bert-parameters.js';
import { fromMemory } from '../dist/package/src/ml/checkpoint/lazy-tensor.js';
import {
  openMt5Folder,
  tokenizerFiles,
  writeMt5Folder,
} from '../dist/package/src/ml/checkpoint/mt5-folder.js';
import { mt5ParameterShapes } from '../dist/package/src/ml/checkpoint/mt5-parameters.js';
import { writeSafetensors } from '../dist/package/src/ml/checkpoint/safetensors.js';
import { initialiseMt5 } from '../dist/package/src/ml/model/initialise-mt5.js';
import { folder, modelFolder, valueOf } from './inputs.mjs';

const root = join(import.meta.dirname, '..');

const small = { dModel: 512, dKv: 64, numHeads: 6, dFf: 1024, numLayers: 8, numDecoderLayers: 8 };
const models = {
  nano: { vocabSize: 4104, dModel: 128, dKv: 32, numHeads: 4, dFf: 256, numLayers: 2, numDecoderLayers: 2 },
  small: { ...small, vocabSize: 32_128 },
  'small-250k': { ...small, vocabSize: 250_112 },
};

const encoders = {
  'bert-2': { hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 512 },
  'bert-6': { hidden_size: 384, num_hidden_layers: 6, num_attention_heads: 6, intermediate_size: 1536 },
};

mkdirSync(folder, { recursive: true });
for (const name of process.argv.slice(2)) await (name in encoders ? makeEncoder(name) : makeModel(name));
writeFileSync(join(folder, 'pairs.json'), JSON.stringify(pairs()));
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

/** Its words are those of the sample texts, and their letters for all else. */
async function makeEncoder(name) {
  if (existsSync(modelFolder(name))) return;
  const lines = [...new Set(texts())].map((line) => line.toLowerCase());
  const letters = [...new Set(lines.flatMap((line) => [...line].filter((letter) => /\S/u.test(letter))))];
  const words = new Set(lines.flatMap((line) => line.match(/[a-z]{2,}/g) ?? []));
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const vocabulary = [...special, ...letters, ...letters.map((letter) => `##${letter}`), ...words];
  const json = { model_type: 'bert', vocab_size: vocabulary.length, ...encoders[name] };
  const next = generator(5);
  const tensors = new Map(
    [...bertParameterShapes(valueOf(parseBertConfig(json, name)))].map(([parameter, shape]) => {
      const value = valueOfParameter(parameter, next);
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, value);
      return [parameter, { dtype: 'float32', shape, data }];
    }),
  );
  mkdirSync(modelFolder(name));
  writeFileSync(join(modelFolder(name), 'config.json'), JSON.stringify(json));
  writeFileSync(join(modelFolder(name), 'vocab.txt'), vocabulary.join('\n'));
  const tokenizer = { tokenizer_class: 'BertTokenizer', do_lower_case: true, model_max_length: 512 };
  writeFileSync(join(modelFolder(name), 'tokenizer_config.json'), JSON.stringify(tokenizer));
  valueOf(await writeSafetensors(join(modelFolder(name), 'model.safetensors'), fromMemory(tensors)));
}

function valueOfParameter(name, next) {
  if (name.endsWith('.bias')) return () => 0;
  return name.includes('LayerNorm') ? () => 1 : () => 0.07 * (next() - 0.5);
}

/** Answers and other answers, of 5 to 70 words of the sample texts: most tokens are of short ones. */
function pairs() {
  const words = [...new Set(texts().flatMap((line) => line.toLowerCase().match(/[a-z]{2,}/g) ?? []))];
  const next = generator(7);
  const text = () => {
    const length = 5 + Math.floor(65 * next() ** 3);
    return Array.from({ length }, () => words[Math.floor(next() * words.length)]).join(' ');
  };
  return Array.from({ length: 1000 }, () => [text(), text()]);
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
