import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type FileProblem, fileProblemText } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { loadAllFloat32 } from '../checkpoint/lazy-tensor.ts';
import type { GenerationConfig } from '../checkpoint/generation-config.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { openMt5Folder } from '../checkpoint/mt5-folder.ts';
import { openFittingAdapter } from './fitting-adapter.ts';
import { mergeLora } from './lora.ts';
import type { Feeds } from './packed-rows.ts';

/** A model ready to compute: the parameters under their names in transformers, an adapter merged into them. */
export interface TrainedModel {
  readonly config: Mt5Config;
  readonly generation: GenerationConfig;
  readonly weights: Feeds;
}

/**
 * Opens what a training left: a model folder, which stands alone, or an adapter folder, which is merged into the base
 * model. The error names the file or the tensors that do not fit.
 */
export async function openTrainedModel(base: string, trained: string): Promise<Result<TrainedModel>> {
  const isAdapter = existsSync(join(trained, 'adapter_config.json'));
  const folder = await openMt5Folder(isAdapter ? base : trained);
  if (!folder.ok) return worded(folder.error);
  const { config, generation, tensors } = folder.value;
  const weights = await loadAllFloat32(tensors);
  if (!weights.ok) return worded(weights.error);
  const merged = isAdapter
    ? await mergeAdapter(weights.value, config, trained)
    : ({ ok: true, value: weights.value } as const);
  if (!merged.ok) return merged;
  return {
    ok: true,
    value: {
      config,
      generation,
      weights: Object.fromEntries(
        [...merged.value].map(([name, data]) => [
          name,
          { dtype: 'float32', shape: tensors.get(name)?.shape ?? [], data },
        ]),
      ),
    },
  };
}

type Parameters = ReadonlyMap<string, Float32Array>;

const worded = (problem: FileProblem): Result<never> => ({ ok: false, error: fileProblemText(problem) });

async function mergeAdapter(base: Parameters, config: Mt5Config, path: string): Promise<Result<Parameters>> {
  const adapter = await openFittingAdapter(path, config);
  if (!adapter.ok) return adapter;
  const loaded = await loadAllFloat32(adapter.value.tensors);
  if (!loaded.ok) return worded(loaded.error);
  const parameters = new Map([...base, ...[...loaded.value].filter(([name]) => base.has(name))]);
  for (const layer of adapter.value.targets.layers) {
    const [weight, a, b] = [
      parameters.get(`${layer.module}.weight`),
      loaded.value.get(`${layer.module}.lora_A.weight`),
      loaded.value.get(`${layer.module}.lora_B.weight`),
    ];
    if (weight !== undefined && a !== undefined && b !== undefined) mergeLora(weight, layer, a, b);
  }
  return { ok: true, value: parameters };
}
