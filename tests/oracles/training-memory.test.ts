import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import {
  buildMeasureStep,
  estimatedBytes,
  type MeasuredTraining,
  measureTraining,
  smallModel,
} from '../rig/measured-training.ts';
import { tensorflow, tensorflowFolder } from '../runtime/runtimes.ts';
import { adapter, plainConfig } from '../train/tiny-training.ts';

const root = join(import.meta.dirname, '../..');
const cases: readonly (readonly [name: string, change: Partial<TrainConfig>, tokens: number])[] = [
  ['full, 8 rows of 128 tokens', { batch: 8 }, 128],
  ['LoRA, 4 rows of 256 tokens', { batch: 4, method: { kind: 'lora', adapter } }, 256],
  ['full, 4 rows of 256 tokens in two micro-batches', { batch: 2, accumulation: 2 }, 256],
  ['full, 4 rows of 512 tokens with gradient checkpointing', { batch: 4, gradientCheckpointing: true }, 512],
  [
    'LoRA, 4 rows of 512 tokens with gradient checkpointing',
    { batch: 4, gradientCheckpointing: true, method: { kind: 'lora', adapter } },
    512,
  ],
];

/** Peaks of processes of their own, without what the engine has before a model is loaded. */
describe('the memory of a training is within 15 % of the plan', () => {
  let folder: string;
  let program: string;
  beforeAll(() => {
    // Where a program finds the packages of the project.
    folder = mkdtempSync(join(root, 'node_modules/.measure-'));
    program = join(folder, 'measure-step.mjs');
    buildMeasureStep(root, program);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const ofBf16: typeof cases = [
    [
      'full, 4 rows of 512 tokens in bf16 with gradient checkpointing',
      { batch: 4, precision: 'bf16', gradientCheckpointing: true },
      512,
    ],
    [
      'LoRA, 4 rows of 256 tokens in bf16',
      { batch: 4, precision: 'bf16', method: { kind: 'lora', adapter } },
      256,
    ],
  ];
  const measured = (setting: object): Promise<MeasuredTraining> =>
    measureTraining(program, { folder: tensorflowFolder, ...setting });
  for (const runtime of ['onnx', 'tensorflow'] as const) {
    const isMissing = runtime === 'tensorflow' && tensorflow.isMissing;
    describe.skipIf(isMissing)(runtime === 'onnx' ? 'onnx' : tensorflow.name, () => {
      test('200 steps of changing shapes: memory grows ever more slowly', { timeout: 600_000 }, async () => {
        const { resident } = await measured({
          runtime,
          model: { ...smallModel, vocab_size: 4096, d_model: 128, d_kv: 32, d_ff: 256, num_layers: 2 },
          training: plainConfig,
          sourceTokens: 64,
          targetTokens: 64,
          steps: 200,
          changes: true,
        });
        const grown = (from: number, to: number): number =>
          (resident[to] ?? Infinity) - (resident[from] ?? 0);
        // oneDNN keeps the code that it has generated for a shape.
        expect(grown(0, 199)).toBeLessThan(512 * 2 ** 20);
        expect(grown(100, 199)).toBeLessThan(Math.max(64 * 2 ** 20, grown(0, 100) / 2));
      });
      for (const [name, change, tokens] of [...cases, ...(runtime === 'tensorflow' ? ofBf16 : [])]) {
        test(name, { timeout: 600_000 }, async () => {
          const training = { ...plainConfig, ...change };
          const place = { runtime, device: 'cpu', sourceTokens: tokens, targetTokens: tokens } as const;
          const { before, peak } = await measured({ ...place, model: smallModel, training, steps: 2 });
          const planned = estimatedBytes(smallModel, training, place);
          expect(peak - before).toBeGreaterThan(2 ** 30);
          expect(Math.abs(planned / (peak - before) - 1)).toBeLessThan(0.15);
        });
      }
    });
  }
});
