import { fileProblemText } from '../../src/files/file-problem.ts';
import { bytesOf } from '../../src/ml/checkpoint/host-tensor.ts';
import { type LazyTensors, load } from '../../src/ml/checkpoint/lazy-tensor.ts';
import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { parameterOf, storedBaseName } from '../../src/ml/model/adapted-parameters.ts';
import { type FittingAdapter, openFittingAdapter } from '../../src/ml/model/fitting-adapter.ts';
import { loraTargets } from '../../src/ml/model/lora-targets.ts';
import { loraShapes } from '../../src/ml/model/lora.ts';
import type { Result } from '../../src/result.ts';
import { loraSettings } from './lora-settings.ts';
import type { MethodParams } from './train-params.ts';

/** The base model of a training. */
interface BaseModel {
  readonly config: Mt5Config;
  readonly tensors: LazyTensors;
}

/**
 * The adapter whose training is continued, as peft's from_pretrained(…, is_trainable=True): its folder
 * defines its settings, so the params must not.
 */
export async function adapterToTrain(
  path: string,
  model: BaseModel,
  config: MethodParams,
): Promise<Result<FittingAdapter>> {
  if (config.method !== 'lora')
    return {
      ok: false,
      error: `the dep adapter (${path}) needs method: lora, found method: ${config.method}`,
    };
  const stated = loraSettings.filter((name) => config[name] !== undefined);
  if (stated.length > 0)
    return {
      ok: false,
      error:
        `${path} already sets ${stated.join(', ')}: remove ` +
        `${stated.length === 1 ? 'it' : 'them'} from config`,
    };
  const adapter = await openFittingAdapter(path, model.config);
  if (!adapter.ok) return adapter;
  const targets = loraTargets(adapter.value.config, model.config);
  if (!targets.ok) return { ok: false, error: `${path}: ${targets.error}` };
  const trained = loraShapes(targets.value, model.config);
  for (const [name, stored] of adapter.value.tensors) {
    const module = storedBaseName(name, adapter.value.targets);
    const own = module === undefined ? undefined : model.tensors.get(parameterOf(model.config, module));
    if (own === undefined || trained.has(name)) continue;
    const [left, right] = [await load(stored), await load(own)];
    if (!left.ok) return { ok: false, error: fileProblemText(left.error) };
    if (!right.ok) return { ok: false, error: fileProblemText(right.error) };
    if (
      left.value.dtype !== right.value.dtype ||
      Buffer.compare(bytesOf(left.value), bytesOf(right.value)) !== 0
    )
      return {
        ok: false,
        error:
          `${path}: ${name} replaces a weight of the base model: such an adapter can be evaluated and ` +
          'merged, but not trained',
      };
  }
  return adapter;
}
