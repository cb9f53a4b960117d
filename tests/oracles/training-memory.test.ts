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

  for (const runtime of ['onnx', 'tensorflow'] as const) {
    const isMissing = runtime === 'tensorflow' && tensorflow.isMissing;
    describe.skipIf(isMissing)(runtime === 'onnx' ? 'onnx' : tensorflow.name, () => {
      for (const [name, change, tokens] of cases) {
        test(name, { timeout: 600_000 }, async () => {
          const training = { ...plainConfig, ...change };
          const config = parseMt5Config(small, 'config.json');
          if (!config.ok) throw new Error(config.error.message);
          const place = { runtime, device: 'cpu', sourceTokens: tokens, targetTokens: tokens } as const;
          const memory = trainingMemory(config.value, training, place);
          if (!memory.ok) throw new Error(memory.error);
          const setting = {
            ...place,
            folder: tensorflowFolder,
            threads: 2,
            model: small,
            training,
            steps: 2,
          };
          const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(setting)]);
          const { before, peak } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
          const planned = totalOf(memory.value) - memory.value.library;
          expect(peak - before).toBeGreaterThan(2 ** 30);
          expect(Math.abs(planned / (peak - before) - 1)).toBeLessThan(0.15);
        });
      }
    });
  }
});
