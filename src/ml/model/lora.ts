import { elementCount } from '../element-count.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../checkpoint/mt5-parameters.ts';
import type { Shapes } from '../checkpoint/tensor-check.ts';
import type { Node } from '../tensor/node.ts';
import { matmul } from '../tensor/ops/matmul.ts';
import { input } from '../tensor/ops/source.ts';
import type { LoraLayer } from './adapter-targets.ts';
import type { LoraTargets } from './lora-targets.ts';
import { type Mt5Trace, parameterInputs, plainLinear } from './mt5-trace.ts';
import type { Feed, Feeds } from './packed-rows.ts';
import { uniformValues } from './random-values.ts';

/**
 * The tensors of an adapter by name, as its folder has them: "<layer>.lora_A.weight" [r, in] and
 * "<layer>.lora_B.weight" [out, r], and under their own names the parameters that are trained whole.
 */
export function loraShapes({ layers, saved, biases }: LoraTargets, config: Mt5Config): Shapes {
  const shapes = mt5ParameterShapes(config);
  return new Map([
    ...layers.flatMap(
      ({ module, rank, inputs, outputs }) =>
        [
          [`${module}.lora_A.weight`, [rank, inputs]],
          [`${module}.lora_B.weight`, [outputs, rank]],
        ] as const,
    ),
    ...saved.map(({ name, shape }) => [`${name}.weight`, shape] as const),
    ...biases.map((name) => [name, shapes.get(name) ?? []] as const),
  ]);
}

/** A traced model with an adapter, and what of it is trained: the tensors of `loraShapes`. */
export interface LoraTrace extends Mt5Trace {
  readonly trainable: ReadonlyMap<string, Node>;
}

/**
 * The model with an adapter beside its layers: x Wᵀ + scale · dropout(x) Aᵀ Bᵀ (Hu et al. 2021, as peft's
 * lora.Linear). Each layer drops elements of its input on its own. The graph's inputs are the parameters of
 * the base model, of which those trained whole are the adapter's, and A and B of each layer.
 */
export function loraTrace(
  config: Mt5Config,
  targets: LoraTargets,
  adapterDropout: number,
  dropout: Mt5Trace['dropout'],
): LoraTrace {
  const parameters = parameterInputs(config);
  const trainable = new Map(
    [...loraShapes(targets, config)].map(([name, shape]) => [
      name,
      parameters.get(name) ?? input(name, 'float32', shape),
    ]),
  );
  const base = plainLinear(config, parameters);
  const layers = new Map(targets.layers.map((layer) => [layer.module, layer]));
  return {
    config,
    parameters,
    trainable,
    dropout,
    linear: (x, module, side, dropped) => {
      const layer = layers.get(module);
      const [a, b] = [trainable.get(`${module}.lora_A.weight`), trainable.get(`${module}.lora_B.weight`)];
      const { products, bias } = base(x, module, side, dropped);
      if (layer === undefined || a === undefined || b === undefined) return { products, bias };
      const kept = dropped(x, {
        name: `${module}.lora_dropout#0`,
        rate: adapterDropout,
        rows: { kind: 'tokens', side },
      });
      const update = { x: matmul(kept, a, { transposeB: true }), weight: b, scale: layer.scale };
      return { products: [...products, update], bias };
    },
  };
}

/**
 * The A and B of an untrained adapter: A even within ±1/sqrt(in) (Kaiming, as torch.nn.Linear), B zero, so
 * that the model is as before.
 */
export function initialiseLora({ layers }: LoraTargets, seed: number): ReadonlyMap<string, Float32Array> {
  return new Map(
    layers.flatMap(({ module, rank, inputs, outputs }) => [
      [
        `${module}.lora_A.weight`,
        uniformValues(rank * inputs, inputs ** -0.5, seed, `${module}.lora_A.weight`),
      ] as const,
      [`${module}.lora_B.weight`, new Float32Array(outputs * rank)] as const,
    ]),
  );
}

/** Adds a layer's update to its weight [out, in], in place: W += scale · B A. */
export function mergeLora(
  weight: Float32Array,
  { inputs, outputs, rank, scale }: Omit<LoraLayer, 'module'>,
  a: Float32Array,
  b: Float32Array,
): void {
  const update = new Float32Array(inputs);
  for (let out = 0; out < outputs; out += 1) {
    update.fill(0);
    for (let k = 0; k < rank; k += 1) {
      const factor = b[out * rank + k] as number; // in range: b is [out, rank]
      for (let i = 0; i < inputs; i += 1)
        update[i] = (update[i] as number) + factor * (a[k * inputs + i] as number);
    }
    for (let i = 0; i < inputs; i += 1)
      weight[out * inputs + i] =
        (weight[out * inputs + i] as number) + Math.fround(scale * (update[i] as number));
  }
}

/**
 * The parameters of a model with an adapter as those of a model without: the changed weights are copies, the
 * others are not.
 */
export function mergedParameters(parameters: Feeds, { layers }: LoraTargets): Feeds {
  const reals = (name: string): Feed & { readonly dtype: 'float32' } => {
    const value = parameters[name];
    if (value?.dtype !== 'float32') throw new Error(`parameter "${name}" is missing`);
    return value;
  };
  const merged = layers.map(({ module, ...layer }) => {
    const weight = reals(`${module}.weight`);
    const data = weight.data.slice();
    mergeLora(data, layer, reals(`${module}.lora_A.weight`).data, reals(`${module}.lora_B.weight`).data);
    return [`${module}.weight`, { ...weight, data }] as const;
  });
  const base = Object.entries(parameters).filter(([name]) => !/\.lora_[AB]\.weight$/.test(name));
  return Object.fromEntries([...base, ...merged]);
}

/**
 * How many parameters are trained, and of how many: peft counts a module that is saved whole twice, since it
 * keeps the original.
 */
export function countParameters(
  targets: LoraTargets,
  config: Mt5Config,
): { readonly trainable: number; readonly all: number } {
  const trainable = elementsIn(loraShapes(targets, config).values());
  const biases = elementsIn(loraShapes({ ...targets, layers: [], saved: [] }, config).values());
  return { trainable, all: elementsIn(mt5ParameterShapes(config).values()) + trainable - biases };
}

const elementsIn = (shapes: Iterable<readonly number[]>): number =>
  [...shapes].reduce((sum, shape) => sum + elementCount(shape), 0);

/** As PeftModel.print_trainable_parameters prints it. */
export const parameterCountText = ({
  trainable,
  all,
}: {
  readonly trainable: number;
  readonly all: number;
}): string =>
  `trainable params: ${trainable.toLocaleString('en-US')} || all params: ` +
  `${all.toLocaleString('en-US')} || trainable%: ${((100 * trainable) / all).toFixed(4)}`;
