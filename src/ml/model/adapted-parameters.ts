import type { AdapterConfig } from '../checkpoint/adapter-config.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { AdapterTargets, LoraLayer } from './adapter-targets.ts';
import { leadingColumnPart, leadingSingularPart } from './leading-part.ts';
import { mergeLora } from './lora.ts';
// Indices are in range by construction: the shapes of all tensors were checked when the adapter was opened.

/** Tensors by name, row-major. */
export type Parameters = ReadonlyMap<string, Float32Array>;

/** An adapter in memory. */
export interface LoadedAdapter {
  readonly config: AdapterConfig;
  readonly targets: AdapterTargets;
  readonly tensors: Parameters;
}

/**
 * The parameters with which a plain model computes what peft's model with the adapter computes. Beside the
 * model's names there may be "encoder.embed_tokens.weight", "decoder.embed_tokens.weight" and
 * "lm_head.weight", where a use of a shared embedding no longer has the values of the others, and
 * "<layer>.bias".
 *
 * In transformers 4.57 the stacks call the embedding themselves, past whatever peft lays over the module
 * "shared": an update of it, rows of it or a stored copy have no effect there until they are merged.
 */
export function adaptedParameters(model: Parameters, config: Mt5Config, adapter: LoadedAdapter): Parameters {
  const base = baseOf(model, config, adapter);
  const parameters = new Map(base);
  for (const layer of adapter.targets.layers) {
    if (layer.module === 'shared') continue;
    const weight = copyOf(base, parameterOf(config, layer.module));
    applyLayer(weight, layer, adapter);
    parameters.set(`${layer.module}.weight`, weight);
    const bias = adapter.tensors.get(`${layer.module}.lora_B.bias`);
    if (bias !== undefined)
      parameters.set(
        `${layer.module}.bias`,
        bias.map((value) => value * layer.scale),
      );
  }
  for (const { name } of adapter.targets.saved) {
    const stored = adapter.tensors.get(`${name}.weight`);
    if (stored !== undefined && name !== 'shared') parameters.set(`${name}.weight`, stored);
  }
  for (const { module, rows, tied } of adapter.targets.tokens) {
    const values = adapter.tensors.get(`${module.name}.token_adapter.trainable_tokens_delta`);
    const uses = tied ? usesOfShared : module.name === 'shared' ? [] : [module.name];
    for (const use of uses) {
      const weight = parameters.get(`${use}.weight`) ?? base.get(parameterOf(config, use));
      if (weight === undefined || values === undefined)
        throw new Error(`the adapter has no rows of "${use}"`);
      parameters.set(`${use}.weight`, withRows(weight, rows, values));
    }
  }
  return parameters;
}

/**
 * The parameters as peft's `merge_and_unload` leaves them (0.17.1). For a shared embedding this differs from
 * `adaptedParameters`: an update of one use is merged into all.
 */
export function mergedIntoBase(model: Parameters, config: Mt5Config, adapter: LoadedAdapter): Parameters {
  const base = baseOf(model, config, adapter);
  const copies = new Map<string, Float32Array>();
  for (const layer of adapter.targets.layers) {
    const name = parameterOf(config, layer.module);
    const weight = copyOf(base, name);
    applyLayer(weight, layer, adapter);
    base.set(name, weight);
  }
  for (const { module, rows } of adapter.targets.tokens) {
    const values = adapter.tensors.get(`${module.name}.token_adapter.trainable_tokens_delta`);
    const name = parameterOf(config, module.name);
    const weight = base.get(name);
    if (weight === undefined || values === undefined)
      throw new Error(`the adapter has no rows of "${module.name}"`);
    base.set(name, withRows(weight, rows, values));
  }
  for (const { name } of adapter.targets.saved) {
    const stored = adapter.tensors.get(`${name}.weight`);
    if (stored !== undefined && name !== 'shared') copies.set(`${name}.weight`, stored);
  }
  return new Map([...base, ...copies]);
}

/** Weights are never changed in place: those of a damaged or odd file may be one memory under two names. */
function copyOf(base: Parameters, name: string): Float32Array {
  const weight = base.get(name);
  if (weight === undefined) throw new Error(`the model has no parameter "${name}"`);
  return weight.slice();
}

/** The modules that compute with the shared embedding. */
const usesOfShared: readonly string[] = ['encoder.embed_tokens', 'decoder.embed_tokens', 'lm_head'];

/** The parameter of the base model that a module multiplies with or looks up in. */
export const parameterOf = ({ tieWordEmbeddings }: Mt5Config, module: string): string =>
  module.endsWith('.embed_tokens') || (module === 'lm_head' && tieWordEmbeddings)
    ? 'shared.weight'
    : `${module}.weight`;

/**
 * The base weights after peft has loaded the adapter: without the part that its initialisation subtracts,
 * then replaced by stored weights where there are any.
 */
function baseOf(model: Parameters, config: Mt5Config, adapter: LoadedAdapter): Map<string, Float32Array> {
  const base = new Map(model);
  for (const { module, kind, inputs, outputs, rank, scale } of adapter.targets.layers) {
    if (adapter.config.initLoraWeights === undefined || kind === 'embedding') continue;
    const name = parameterOf(config, module);
    const weight = copyOf(base, name);
    const matrix = { rows: outputs, columns: inputs, data: weight };
    // The factors of PiSSA are divided by the scale, those of OLoRA are not.
    const [part, factor] =
      adapter.config.initLoraWeights === 'pissa'
        ? [leadingSingularPart(matrix, rank), 1]
        : [leadingColumnPart(matrix, rank), scale];
    for (let i = 0; i < weight.length; i += 1)
      weight[i] = (weight[i] as number) - Math.fround(factor * (part[i] as number));
    base.set(name, weight);
  }
  for (const [name, tensor] of adapter.tensors) {
    const stored = storedBaseName(name, adapter.targets);
    if (stored !== undefined) base.set(parameterOf(config, stored), tensor);
  }
  return base;
}

/**
 * The module whose base weight a tensor of an adapter folder holds: peft stores those beside embeddings that
 * it resized or trained.
 */
export function storedBaseName(
  tensor: string,
  { saved, layers, tokens }: AdapterTargets,
): string | undefined {
  const wrapped = /^(.*)\.(?:base_layer|original_module|token_adapter\.base_layer)\.weight$/.exec(
    tensor,
  )?.[1];
  if (wrapped !== undefined) return wrapped;
  const plain = /^(.*)\.weight$/.exec(tensor)?.[1];
  if (plain === undefined || /\.lora_[AB]$/.test(plain)) return undefined;
  const isWrapped =
    saved.some(({ name }) => name === plain) ||
    layers.some(({ module }) => module === plain) ||
    tokens.some(({ module }) => module.name === plain);
  return isWrapped ? undefined : plain;
}

/** Adds a layer's update to a weight, in place; a DoRA then scales it to the trained lengths. */
function applyLayer(weight: Float32Array, layer: LoraLayer, { config, tensors }: LoadedAdapter): void {
  const isLinear = layer.kind === 'linear';
  const [a, b] = isLinear
    ? [tensors.get(`${layer.module}.lora_A.weight`), tensors.get(`${layer.module}.lora_B.weight`)]
    : [tensors.get(`${layer.module}.lora_embedding_A`), tensors.get(`${layer.module}.lora_embedding_B`)];
  if (a === undefined || b === undefined) throw new Error(`the adapter has no update of "${layer.module}"`);
  if (isLinear) mergeLora(weight, layer, a, b);
  else mergeEmbedding(weight, layer, a, b);
  if (config.useDora !== true) return;
  const lengths = tensors.get(`${layer.module}.lora_magnitude_vector`);
  if (lengths === undefined) throw new Error(`the adapter has no lengths of "${layer.module}"`);
  const [rows, columns] = isLinear ? [layer.outputs, layer.inputs] : [layer.inputs, layer.outputs];
  scaleToLengths(weight, { rows, columns, along: isLinear ? 'rows' : 'columns' }, lengths);
}

/** E += scale · (B A)ᵀ: an embedding [rows, d] has A [r, rows] and B [d, r]. */
function mergeEmbedding(
  weight: Float32Array,
  { inputs: rows, outputs: columns, rank, scale }: LoraLayer,
  a: Float32Array,
  b: Float32Array,
): void {
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      let update = 0;
      for (let k = 0; k < rank; k += 1)
        update += (a[k * rows + row] as number) * (b[column * rank + k] as number);
      const at = row * columns + column;
      weight[at] = (weight[at] as number) + Math.fround(scale * update);
    }
}

/**
 * Scales the rows of a linear weight, or the columns of an embedding, to these lengths (DoRA; Liu et al.
 * 2024).
 */
function scaleToLengths(
  weight: Float32Array,
  {
    rows,
    columns,
    along,
  }: { readonly rows: number; readonly columns: number; readonly along: 'rows' | 'columns' },
  lengths: Float32Array,
): void {
  const squares = new Float64Array(along === 'rows' ? rows : columns);
  const places = (visit: (at: number, vector: number) => void): void => {
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1)
        visit(row * columns + column, along === 'rows' ? row : column);
  };
  places((at, vector) => {
    squares[vector] = (squares[vector] as number) + (weight[at] as number) ** 2;
  });
  const factors = squares.map((sum, vector) => (lengths[vector] as number) / Math.sqrt(sum));
  places((at, vector) => {
    weight[at] = (weight[at] as number) * (factors[vector] as number);
  });
}

function withRows(weight: Float32Array, rows: readonly number[], values: Float32Array): Float32Array {
  const columns = rows.length === 0 ? 0 : values.length / rows.length;
  const changed = weight.slice();
  for (const [index, row] of rows.entries())
    changed.set(values.subarray(index * columns, (index + 1) * columns), row * columns);
  return changed;
}
