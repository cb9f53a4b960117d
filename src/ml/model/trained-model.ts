import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type FileProblem, fileProblemText } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { loadAllFloat32 } from '../checkpoint/lazy-tensor.ts';
import type { GenerationConfig } from '../checkpoint/generation-config.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { openMt5Folder } from '../checkpoint/mt5-folder.ts';
import { mt5ParameterShapes } from '../checkpoint/mt5-parameters.ts';
import type { Shapes } from '../checkpoint/tensor-check.ts';
import { adaptedParameters, type LoadedAdapter, type Parameters } from './adapted-parameters.ts';
import { openFittingAdapter } from './fitting-adapter.ts';
import { type Mt5Trace, plainTrace } from './mt5-trace.ts';
import type { Feeds } from './packed-rows.ts';

/**
 * A model ready to compute: the parameters under their names in transformers, an adapter merged into them.
 */
export interface TrainedModel {
  readonly config: Mt5Config;
  readonly generation: GenerationConfig;
  readonly weights: Feeds;
  /** The model over `weights`: an adapter may have left parameters that a T5 lacks. */
  readonly trace: Mt5Trace;
  /** Warnings about ignored fields in the folders. */
  readonly warnings: readonly string[];
}

/**
 * Opens the result of a training: a model folder, or an adapter folder, which is merged into the base model.
 * The error names the file or the tensors that do not fit.
 */
export async function openTrainedModel(base: string, trained: string): Promise<Result<TrainedModel>> {
  const isAdapter = existsSync(join(trained, 'adapter_config.json'));
  const folder = await openMt5Folder(isAdapter ? base : trained);
  if (!folder.ok) return asText(folder.error);
  const { config, generation, tensors, warnings } = folder.value;
  const weights = await loadAllFloat32(tensors);
  if (!weights.ok) return asText(weights.error);
  const adapter = isAdapter ? await loadAdapter(trained, config) : undefined;
  if (adapter?.ok === false) return adapter;
  const parameters =
    adapter === undefined ? weights.value : adaptedParameters(weights.value, config, adapter.value.adapter);
  const shapes = shapesOf(parameters, config);
  return {
    ok: true,
    value: {
      config,
      generation,
      weights: Object.fromEntries(
        [...parameters].map(([name, data]) => [
          name,
          { dtype: 'float32', shape: shapes.get(name) ?? [], data },
        ]),
      ),
      trace: plainTrace(config, new Map([...shapes].filter(([name]) => !tensors.has(name)))),
      warnings: [...warnings, ...(adapter?.value.warnings ?? [])],
    },
  };
}

/** Opens an adapter folder over a model and reads all of it. */
export async function loadAdapter(
  path: string,
  config: Mt5Config,
): Promise<Result<{ readonly adapter: LoadedAdapter; readonly warnings: readonly string[] }>> {
  const opened = await openFittingAdapter(path, config);
  if (!opened.ok) return opened;
  const tensors = await loadAllFloat32(opened.value.tensors);
  if (!tensors.ok) return asText(tensors.error);
  return {
    ok: true,
    value: {
      adapter: { config: opened.value.config, targets: opened.value.targets, tensors: tensors.value },
      warnings: opened.value.warnings,
    },
  };
}

/** The shapes of a model's parameters, and of those that an adapter may have left beside them. */
export function shapesOf(parameters: Parameters, config: Mt5Config): Shapes {
  const known = mt5ParameterShapes(config);
  return new Map(
    [...parameters].map(([name, data]) => [
      name,
      known.get(name) ?? (name.endsWith('.bias') ? [data.length] : [config.vocabSize, config.dModel]),
    ]),
  );
}

const asText = (problem: FileProblem): Result<never> => ({ ok: false, error: fileProblemText(problem) });
