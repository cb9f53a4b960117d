import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { totalOf, trainingMemory, type TrainingPlace } from '../../src/ml/memory/training-memory.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';

/** config.json of a model of mT5-small's sizes with fewer words. */
export const smallModel = {
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

/** Bytes: what measure-step.ts prints. */
export interface MeasuredTraining {
  readonly before: number;
  readonly peak: number;
  readonly resident: readonly number[];
}

/** Writes measure-step.ts as a program; `outfile` lies where the packages of the project are found. */
export function buildMeasureStep(root: string, outfile: string): void {
  buildSync({
    entryPoints: [join(root, 'tests/rig/measure-step.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
}

/** Runs that program on the CPU with two threads, in a process of its own. */
export async function measureTraining(program: string, setting: object): Promise<MeasuredTraining> {
  const whole = JSON.stringify({ device: 'cpu', threads: 2, ...setting });
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, [program, whole], { env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** The bytes that are estimated for a training, without the engine's own. */
export function estimatedBytes(
  model: typeof smallModel,
  training: TrainConfig,
  place: TrainingPlace,
): number {
  const config = parseMt5Config(model, 'config.json');
  if (!config.ok) throw new Error(config.error.message);
  const memory = trainingMemory(config.value, training, place);
  if (!memory.ok) throw new Error(memory.error);
  return totalOf(memory.value) - memory.value.library;
}
