import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { type FittingAdapter, openFittingAdapter } from '../../src/ml/model/fitting-adapter.ts';
import type { Result } from '../../src/result.ts';
import { loraSettings } from './lora-settings.ts';
import type { MethodParams } from './train-params.ts';

/** The adapter that a training goes on with, as peft's from_pretrained(…, is_trainable=True): its own folder says what it is, so the settings must not. */
export async function adapterToTrain(
  path: string,
  model: Mt5Config,
  config: MethodParams,
): Promise<Result<FittingAdapter>> {
  if (config.method !== 'lora')
    return {
      ok: false,
      error: `the dep adapter (${path}) is what method: lora goes on with: expected that, or no such dep; found method: ${config.method}`,
    };
  const stated = loraSettings.filter((name) => config[name] !== undefined);
  if (stated.length > 0)
    return {
      ok: false,
      error: `${path} says itself what its ${stated.join(', ')} ${stated.length === 1 ? 'is' : 'are'}: take ${stated.length === 1 ? 'it' : 'them'} out of config`,
    };
  return openFittingAdapter(path, model);
}
