import { join } from 'node:path';
import { fileProblemText } from '../../src/files/file-problem.ts';
import { isJsonObject, readJson } from '../../src/files/json.ts';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { type TrainingMemory, trainingMemory } from '../../src/ml/memory/training-memory.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import type { Result } from '../../src/result.ts';
import type { Deps, MemoryEstimate, Question } from '../../src/stage/question.ts';
import { trainConfigOf, type TrainParams } from '../train/train-params.ts';

/** The memory of a training by its params and by the sizes in config.json of its base model. */
export async function estimateTraining(
  params: TrainParams,
  { base = null }: Deps,
  device: Question['device'],
): Promise<Result<MemoryEstimate>> {
  if (base === null) return { ok: false, error: 'its base model is not here yet' };
  const path = join(base, 'config.json');
  const json = await readJson(path);
  if (!json.ok) return { ok: false, error: fileProblemText(json.error) };
  const config = parseMt5Config(isJsonObject(json.value) ? json.value : {}, path);
  if (!config.ok) return { ok: false, error: fileProblemText(config.error) };
  const training = trainConfigOf(params);
  const { runtime, sourceTokens, targetTokens } = params;
  // Points of a grid differ in much that takes no memory.
  const { method, optimizer, batch, accumulation, gradientCheckpointing, labelSmoothing, precision } =
    training;
  const key = JSON.stringify([
    json.value,
    method.kind === 'full' ? 'full' : { ...method.adapter, loraAlpha: 1 },
    [optimizer, batch, accumulation, gradientCheckpointing, labelSmoothing, precision],
    [runtime, device, sourceTokens, targetTokens],
  ]);
  const memory =
    known.get(key) ?? trainingMemory(config.value, training, { runtime, device, sourceTokens, targetTokens });
  known.set(key, memory);
  if (!memory.ok) return memory;
  return { ok: true, value: { parts: memory.value, lower: waysToLower(params, training) } };
}

/** Cached for this process, which handles all points. */
const known = new Map<string, Result<TrainingMemory>>();

const waysToLower = (
  { runtime, sourceTokens, targetTokens }: TrainParams,
  { gradientCheckpointing, batch, accumulation, method, optimizer, precision }: TrainConfig,
): readonly string[] => [
  ...(gradientCheckpointing ? [] : ['gradientCheckpointing: true']),
  ...(runtime === 'tensorflow' && precision === undefined && !gradientCheckpointing
    ? ['precision: bf16']
    : []),
  ...(batch > 1 ? [`batch: ${Math.ceil(batch / 2)} and accumulation: ${accumulation * 2}`] : []),
  ...(Math.max(sourceTokens, targetTokens) > 128 ? ['fewer sourceTokens and targetTokens'] : []),
  ...(method.kind === 'full' && optimizer.name === 'adamw' ? ['optimizer: adafactor'] : []),
  ...(method.kind === 'full' ? ['method: lora'] : []),
];
