/**
 * Prints the table of measured and estimated memory of docs/training.md. Run: npx esbuild
 * bench/training-memory.ts --bundle --platform=node --format=esm --packages=external
 * --outfile=node_modules/.cache/training-memory.mjs && node node_modules/.cache/training-memory.mjs
 * [--rows TEXT] [--columns TEXT]: only rows and columns whose titles contain the text. Needs `npx pipeline setup
 * tensorflow`, 13 GiB of free memory for all rows, and about 20 minutes.
 */
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { engineFolder, readInstalled } from '../src/files/installed-engine.ts';
import { parseMt5Config } from '../src/ml/checkpoint/mt5-config.ts';
import { totalOf, trainingMemory } from '../src/ml/memory/training-memory.ts';
import type { TrainConfig } from '../src/ml/train/train-config.ts';
import { adapter, plainConfig } from '../tests/train/tiny-training.ts';
import { markdownTable } from './markdown-table.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '' }, columns: { type: 'string', default: '' } },
});

const small = {
  model_type: 'mt5',
  vocab_size: 32_128,
  d_model: 512,
  d_kv: 64,
  d_ff: 1024,
  num_layers: 8,
  num_heads: 6,
  dropout_rate: 0.1,
  feed_forward_proj: 'gated-gelu',
  tie_word_embeddings: false,
};
const manyWords = { ...small, vocab_size: 250_112 };
const base = { ...manyWords, d_model: 768, d_ff: 2048, num_layers: 12, num_heads: 12 };

const lora = { method: { kind: 'lora', adapter: { ...adapter, r: 8, loraAlpha: 8 } } } as const;
const again = { gradientCheckpointing: true };
const adafactor = { optimizer: { name: 'adafactor', relativeStep: false } } as const;

interface Row {
  readonly title: string;
  readonly model: typeof small;
  readonly training: Partial<TrainConfig>;
  readonly tokens: number;
}
const row = (title: string, model: typeof small, tokens: number, training: Partial<TrainConfig>): Row => ({
  title,
  model,
  training,
  tokens,
});
const rows: readonly Row[] = [
  row('full, 4 × 512 tokens', small, 512, {}),
  row('LoRA, 4 × 512', small, 512, lora),
  row('full, 4 × 512, gradient checkpointing', small, 512, again),
  row('LoRA, 4 × 512, gradient checkpointing', small, 512, { ...lora, ...again }),
  row('full, 4 × 256', small, 256, {}),
  row('full, 4 × 256, Adafactor', small, 256, adafactor),
  row('full, 2 × 256, two micro-batches', small, 256, { batch: 2, accumulation: 2 }),
  row('full, 8 × 128', small, 128, { batch: 8 }),
  row('LoRA, 4 × 256', small, 256, lora),
  row('LoRA, 8 × 128', small, 128, { ...lora, batch: 8 }),
  row('LoRA, 2 × 512', small, 512, { ...lora, batch: 2 }),
  row('full, 4 × 128, 250,112 words', manyWords, 128, {}),
  row('full, 4 × 128, 250,112 words, gradient checkpointing', manyWords, 128, again),
  row('full, 4 × 128, 250,112 words, Adafactor', manyWords, 128, adafactor),
  row('full, 4 × 512, 250,112 words', manyWords, 512, {}),
  row('mT5-base, LoRA, 1 × 256', base, 256, { ...lora, batch: 1 }),
  row('mT5-base with 32,128 words, full, 2 × 256', { ...base, vocab_size: 32_128 }, 256, { batch: 2 }),
];

interface Column {
  readonly title: string;
  readonly runtime: 'onnx' | 'tensorflow';
  readonly precision: 'float32' | 'bf16';
}
const columns: readonly Column[] = [
  { title: 'onnx', runtime: 'onnx', precision: 'float32' },
  { title: 'TensorFlow', runtime: 'tensorflow', precision: 'float32' },
  { title: 'TensorFlow in bf16', runtime: 'tensorflow', precision: 'bf16' },
];

const modules = join(import.meta.dirname, '..');
const program = join(modules, '.cache/measure-step.mjs');
buildSync({
  entryPoints: [join(modules, '../tests/rig/measure-step.ts')],
  outfile: program,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});

const shownColumns = columns.filter(({ title }) => title.includes(values.columns));
const lines = rows
  .filter(({ title }) => title.includes(values.rows))
  .map((each) => [each.title, ...shownColumns.map((column) => cell(each, column))]);
process.stdout.write(
  markdownTable(['MiB: measured, estimated', ...shownColumns.map(({ title }) => title)], lines),
);

function cell(
  { title, model, training: changes, tokens }: Row,
  { runtime, precision, title: engine }: Column,
): string {
  const training = { ...plainConfig, ...changes, ...(precision === 'bf16' ? { precision } : {}) };
  const place = { runtime, device: 'cpu', sourceTokens: tokens, targetTokens: tokens } as const;
  const setting = { ...place, folder: tensorflowFolder(), threads: 2, model, training, steps: 2 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, JSON.stringify(setting)], {
    encoding: 'utf8',
  });
  const measured = status === 0 ? peakOf(stdout) : `failed (${stderr.trim().split('\n').at(-1) ?? ''})`;
  process.stderr.write(`${title}, ${engine}: ${measured}, ${estimated(model, training, place)}\n`);
  return `${measured}, ${estimated(model, training, place)}`;
}

function peakOf(stdout: string): string {
  const { before, peak }: { readonly before: number; readonly peak: number } = JSON.parse(
    stdout.trim().split('\n').at(-1) ?? '',
  );
  return mebibytes(peak - before);
}

function estimated(
  model: typeof small,
  training: TrainConfig,
  place: Parameters<typeof trainingMemory>[2],
): string {
  const config = parseMt5Config(model, 'config.json');
  if (!config.ok) throw new Error(config.error.message);
  const memory = trainingMemory(config.value, training, place);
  if (!memory.ok) throw new Error(memory.error);
  return mebibytes(totalOf(memory.value) - memory.value.library);
}

function mebibytes(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toLocaleString('en');
}

function tensorflowFolder(): string {
  const folder = engineFolder('tensorflow', process.env, homedir());
  const found = readInstalled(folder);
  if (!found.ok || found.value === undefined) throw new Error('TensorFlow is not installed');
  return join(folder, found.value.folder);
}
