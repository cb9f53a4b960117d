import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { totalOf, trainingMemory } from '../../src/ml/memory/training-memory.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import { smallModel } from '../rig/measured-training.ts';
import { adapter, plainConfig } from '../train/tiny-training.ts';

const base = parseMt5Config(
  { ...smallModel, vocab_size: 250_112, d_model: 768, d_ff: 2048, num_layers: 12, num_heads: 12 },
  'config.json',
);

/** What mT5-base is estimated to take on a GPU at 4 x 512 tokens, in GiB as docs state it. */
function gibibytes(change: Partial<TrainConfig>): string {
  if (!base.ok) throw new Error(base.error.message);
  const place = { runtime: 'tensorflow', device: 'cuda', sourceTokens: 512, targetTokens: 512 } as const;
  const memory = trainingMemory(base.value, { ...plainConfig, batch: 4, ...change }, place);
  if (!memory.ok) throw new Error(memory.error);
  return (totalOf(memory.value) / 2 ** 30).toFixed(1);
}

const lora = { method: { kind: 'lora', adapter: { ...adapter, r: 8, loraAlpha: 8 } } } as const;
const again = { gradientCheckpointing: true };
const adafactor = { optimizer: { name: 'adafactor', relativeStep: false } } as const;
const rows: Readonly<Record<string, Partial<TrainConfig>>> = {
  'full, AdamW': {},
  'full, AdamW, `gradientCheckpointing: true`': again,
  'full, Adafactor, `gradientCheckpointing: true`': { ...again, ...adafactor },
  LoRA: lora,
  'LoRA, `gradientCheckpointing: true`': { ...again, ...lora },
};
const text = (page: string): string =>
  readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');

test('docs state the estimates for mT5-base on a GPU', () => {
  const training = text('training');
  for (const [title, change] of Object.entries(rows))
    expect(training).toContain(
      `| ${title} | ${gibibytes(change)} | ${gibibytes({ ...change, precision: 'bf16' })} |`,
    );
  const figures = `${gibibytes({ ...again, ...lora })} GiB with LoRA and ${gibibytes(again)} GiB for full`;
  expect(text('gpu')).toContain(figures);
});
