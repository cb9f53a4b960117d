/**
 * Prints the table of measured and estimated memory of docs/training.md. Run: npx esbuild
 * bench/training-memory.ts --bundle --platform=node --format=esm --packages=external
 * --outfile=node_modules/.cache/training-memory.mjs && node node_modules/.cache/training-memory.mjs
 * [--rows TEXT] [--columns TEXT]: only rows and columns whose titles contain the text. Needs `npx pipeline
 * setup tensorflow`, 16 GiB of free memory for all rows, and about 20 minutes.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TrainConfig } from '../src/ml/train/train-config.ts';
import { installedTensorflow } from '../tests/rig/installed-tensorflow.ts';
import {
  buildMeasureStep,
  estimatedBytes,
  measureTraining,
  smallModel,
} from '../tests/rig/measured-training.ts';
import { adapter, plainConfig } from '../tests/train/tiny-training.ts';
import { markdownTable } from './markdown-table.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '' }, columns: { type: 'string', default: '' } },
});

const manyWords = { ...smallModel, vocab_size: 250_112 };
const base = { ...manyWords, d_model: 768, d_ff: 2048, num_layers: 12, num_heads: 12 };

const lora = { method: { kind: 'lora', adapter: { ...adapter, r: 8, loraAlpha: 8 } } } as const;
const again = { gradientCheckpointing: true };
const adafactor = { optimizer: { name: 'adafactor', relativeStep: false } } as const;

interface Row {
  readonly title: string;
  readonly model: typeof smallModel;
  readonly training: Partial<TrainConfig>;
  readonly tokens: number;
}
const row = (
  title: string,
  model: typeof smallModel,
  tokens: number,
  training: Partial<TrainConfig>,
): Row => ({
  title,
  model,
  training,
  tokens,
});
const rows: readonly Row[] = [
  row('full, 4 × 512 tokens', smallModel, 512, {}),
  row('LoRA, 4 × 512', smallModel, 512, lora),
  row('full, 4 × 512, gradient checkpointing', smallModel, 512, again),
  row('LoRA, 4 × 512, gradient checkpointing', smallModel, 512, { ...lora, ...again }),
  row('full, 4 × 256', smallModel, 256, {}),
  row('full, 4 × 256, Adafactor', smallModel, 256, adafactor),
  row('full, 2 × 256, two micro-batches', smallModel, 256, { batch: 2, accumulation: 2 }),
  row('full, 8 × 128', smallModel, 128, { batch: 8 }),
  row('LoRA, 4 × 256', smallModel, 256, lora),
  row('LoRA, 8 × 128', smallModel, 128, { ...lora, batch: 8 }),
  row('LoRA, 2 × 512', smallModel, 512, { ...lora, batch: 2 }),
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

// The bundle of this file lies in node_modules/.cache.
const root = join(import.meta.dirname, '../..');
const program = join(import.meta.dirname, 'measure-step.mjs');
buildMeasureStep(root, program);
const folder = installedTensorflow();

const shownColumns = columns.filter(({ title }) => title.includes(values.columns));
const lines: string[][] = [];
for (const each of rows.filter(({ title }) => title.includes(values.rows))) {
  const cells: string[] = [];
  for (const column of shownColumns) cells.push(await cell(each, column));
  lines.push([each.title, ...cells]);
}
process.stdout.write(
  markdownTable(['MiB: measured, estimated', ...shownColumns.map(({ title }) => title)], lines),
);

async function cell(
  { title, model, training: changes, tokens }: Row,
  { runtime, precision, title: engine }: Column,
): Promise<string> {
  const training = { ...plainConfig, ...changes, ...(precision === 'bf16' ? { precision } : {}) };
  const place = { runtime, device: 'cpu', sourceTokens: tokens, targetTokens: tokens } as const;
  const { before, peak } = await measureTraining(program, { ...place, folder, model, training, steps: 2 });
  const text = `${mebibytes(peak - before)}, ${mebibytes(estimatedBytes(model, training, place))}`;
  process.stderr.write(`${title}, ${engine}: ${text}\n`);
  return text;
}

function mebibytes(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toLocaleString('en');
}
