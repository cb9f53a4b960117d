import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { totalOf, trainingMemory } from '../../src/ml/memory/training-memory.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import { tensorflow, tensorflowFolder } from '../runtime/runtimes.ts';
import { adapter, plainConfig } from '../train/tiny-training.ts';

const root = join(import.meta.dirname, '../..');
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

const cases: readonly (readonly [name: string, change: Partial<TrainConfig>, tokens: number])[] = [
  ['full, 8 rows of 128 tokens', { batch: 8 }, 128],
  ['LoRA, 4 rows of 256 tokens', { batch: 4, method: { kind: 'lora', adapter } }, 256],
  ['full, 4 rows of 256 tokens in two micro-batches', { batch: 2, accumulation: 2 }, 256],
];

/** Peaks of processes of their own, without what the engine has before a model is loaded. */
describe('the memory of a training is within 15 % of the plan', () => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    // Where a program finds the packages of the project.
    folder = mkdtempSync(join(root, 'node_modules/.measure-'));
    program = join(folder, 'measure-step.mjs');
    await build({
      entryPoints: [join(root, 'tests/rig/measure-step.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'error',
    });
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
  const measured = async (
    setting: object,
  ): Promise<{ readonly before: number; readonly peak: number; readonly resident: readonly number[] }> => {
    const whole = JSON.stringify({ device: 'cpu', folder: tensorflowFolder, threads: 2, ...setting });
    const { stdout } = await promisify(execFile)(process.execPath, [program, whole]);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  };
  for (const runtime of ['onnx', 'tensorflow'] as const) {
    const isMissing = runtime === 'tensorflow' && tensorflow.isMissing;
    describe.skipIf(isMissing)(runtime === 'onnx' ? 'onnx' : tensorflow.name, () => {
      test('200 steps of changing shapes: memory grows ever more slowly', { timeout: 600_000 }, async () => {
        const { resident } = await measured({
          runtime,
          model: { ...small, vocab_size: 4096, d_model: 128, d_kv: 32, d_ff: 256, num_layers: 2 },
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
          const config = parseMt5Config(small, 'config.json');
          if (!config.ok) throw new Error(config.error.message);
          const place = { runtime, device: 'cpu', sourceTokens: tokens, targetTokens: tokens } as const;
          const memory = trainingMemory(config.value, training, place);
          if (!memory.ok) throw new Error(memory.error);
          const { before, peak } = await measured({ ...place, model: small, training, steps: 2 });
          const planned = totalOf(memory.value) - memory.value.library;
          expect(peak - before).toBeGreaterThan(2 ** 30);
          expect(Math.abs(planned / (peak - before) - 1)).toBeLessThan(0.15);
        });
      }
    });
  }
});
