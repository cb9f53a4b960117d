import { fileProblemText } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { AdapterConfig } from '../checkpoint/adapter-config.ts';
import { openAdapterFolder } from '../checkpoint/adapter-folder.ts';
import type { LazyTensors } from '../checkpoint/lazy-tensor.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../checkpoint/mt5-parameters.ts';
import type { Shapes } from '../checkpoint/tensor-check.ts';
import { parameterOf, storedBaseName } from './adapted-parameters.ts';
import { type AdapterTargets, adapterTargets, type LoraLayer } from './adapter-targets.ts';

/** An adapter that fits its base model. */
export interface FittingAdapter {
  readonly config: AdapterConfig;
  readonly targets: AdapterTargets;
  /** Those of `adapterShapes(…)`, and perhaps base weights that peft stored beside them. */
  readonly tensors: LazyTensors;
  /** What in the folder is ignored or has no effect, as in peft. */
  readonly warnings: readonly string[];
}

/**
 * Opens an adapter folder over a model. The error names the folder and the missing, misshaped or surplus
 * tensors.
 */
export async function openFittingAdapter(path: string, model: Mt5Config): Promise<Result<FittingAdapter>> {
  const adapter = await openAdapterFolder(path);
  if (!adapter.ok) return { ok: false, error: fileProblemText(adapter.error) };
  const { config, tensors, warnings } = adapter.value;
  const targets = adapterTargets(config, model, tensors.keys());
  if (!targets.ok) return { ok: false, error: `${path}: ${targets.error}` };
  const expected = adapterShapes(targets.value, config);
  const base = baseShapes(tensors.keys(), targets.value, model);
  const wrong = [...expected, ...base].flatMap(([name, shape]) => {
    const found = tensors.get(name)?.shape;
    return found?.join() === shape.join()
      ? []
      : [
          `${name} is ${found === undefined ? 'missing' : `[${found.join(', ')}]`}, expected ` +
            `[${shape.join(', ')}]`,
        ];
  });
  const unexpected = [...tensors.keys()]
    .filter((name) => !expected.has(name) && !base.has(name))
    .map((name) => `${name} belongs to no layer that adapter_config.json selects`);
  if (wrong.length + unexpected.length > 0)
    return {
      ok: false,
      error: `${path} does not fit the base model:\n${shortened([...wrong, ...unexpected]).join('\n')}`,
    };
  return {
    ok: true,
    value: {
      config,
      targets: targets.value,
      tensors,
      warnings: [...warnings, ...targets.value.unmatched, ...withoutEffect(targets.value)].map(
        (warning) => `${path}: ${warning}`,
      ),
    },
  };
}

/** The tensors that an adapter has to have, by their names in its folder. */
function adapterShapes({ layers, saved, tokens }: AdapterTargets, config: AdapterConfig): Shapes {
  return new Map([
    ...layers.flatMap((layer) => layerShapes(layer, config)),
    ...saved.map(({ name, shape }) => [`${name}.weight`, shape] as const),
    ...tokens.map(
      ({ module, rows }) =>
        [`${module.name}.token_adapter.trainable_tokens_delta`, [rows.length, module.shape[1] ?? 0]] as const,
    ),
  ]);
}

type NamedShape = readonly [name: string, shape: readonly number[]];

function layerShapes(
  { module, kind, rank, inputs, outputs }: LoraLayer,
  { loraBias, useDora }: AdapterConfig,
): readonly NamedShape[] {
  const [a, b] =
    kind === 'linear' ? ['lora_A.weight', 'lora_B.weight'] : ['lora_embedding_A', 'lora_embedding_B'];
  const factors: readonly NamedShape[] = [
    [`${module}.${a}`, [rank, inputs]],
    [`${module}.${b}`, [outputs, rank]],
  ];
  const bias: readonly NamedShape[] = loraBias === true ? [[`${module}.lora_B.bias`, [outputs]]] : [];
  const lengths: readonly NamedShape[] =
    useDora === true ? [[`${module}.lora_magnitude_vector`, [outputs]]] : [];
  return [...factors, ...bias, ...lengths];
}

/** Those tensors of a folder that replace parameters of the base model. */
function baseShapes(stored: Iterable<string>, targets: AdapterTargets, model: Mt5Config): Shapes {
  const shapes = mt5ParameterShapes(model);
  return new Map(
    [...stored].flatMap((name) => {
      const module = storedBaseName(name, targets);
      const shape = module === undefined ? undefined : shapes.get(parameterOf(model, module));
      return shape === undefined ? [] : [[name, shape] as const];
    }),
  );
}

/** In transformers the stacks look past what peft lays over "shared". */
function withoutEffect({ layers, saved, tokens }: AdapterTargets): readonly string[] {
  const isShared =
    layers.some(({ module }) => module === 'shared') || saved.some(({ name }) => name === 'shared');
  const rows = tokens.some(({ module, tied }) => module.name === 'shared' && !tied);
  return isShared || rows
    ? [
        'its tensors for "shared" have no effect, as in transformers: the encoder and the decoder ' +
          'bypass the adapter when they look up tokens',
      ]
    : [];
}

const shortened = (lines: readonly string[]): readonly string[] =>
  lines.length > 20 ? [...lines.slice(0, 20), `and ${lines.length - 20} more`] : lines;
