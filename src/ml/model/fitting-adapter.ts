import { fileProblemText } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { AdapterConfig } from '../checkpoint/adapter-config.ts';
import { openAdapterFolder } from '../checkpoint/adapter-folder.ts';
import type { LazyTensors } from '../checkpoint/lazy-tensor.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { loraShapes } from './lora.ts';
import { loraTargets, type LoraTargets } from './lora-targets.ts';

/** An adapter that fits its base model: `tensors` are those of `loraShapes(targets, …)`. */
export interface FittingAdapter {
  readonly config: AdapterConfig;
  readonly targets: LoraTargets;
  readonly tensors: LazyTensors;
}

/** Opens an adapter folder over a model. The error names the folder, and what is missing, misshaped or too many. */
export async function openFittingAdapter(path: string, model: Mt5Config): Promise<Result<FittingAdapter>> {
  const adapter = await openAdapterFolder(path);
  if (!adapter.ok) return { ok: false, error: fileProblemText(adapter.error) };
  const { config, tensors } = adapter.value;
  const targets = loraTargets(config, model);
  if (!targets.ok) return { ok: false, error: `${path}: ${targets.error}` };
  const expected = loraShapes(targets.value, model);
  const wrong = [...expected].flatMap(([name, shape]) => {
    const found = tensors.get(name)?.shape;
    return found?.join() === shape.join()
      ? []
      : [
          `${name} is ${found === undefined ? 'missing' : `[${found.join(', ')}]`}, expected [${shape.join(', ')}]`,
        ];
  });
  const surplus = [...tensors.keys()]
    .filter((name) => !expected.has(name))
    .map((name) => `${name} belongs to no layer that adapter_config.json selects`);
  if (wrong.length + surplus.length > 0)
    return {
      ok: false,
      error: `${path} does not fit the base model:\n${shortened([...wrong, ...surplus]).join('\n')}`,
    };
  return { ok: true, value: { config, targets: targets.value, tensors } };
}

const shortened = (lines: readonly string[]): readonly string[] =>
  lines.length > 20 ? [...lines.slice(0, 20), `and ${lines.length - 20} more`] : lines;
