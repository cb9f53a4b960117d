import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../checkpoint/mt5-parameters.ts';
import type { Shapes } from '../checkpoint/tensor-check.ts';
import type { Node } from '../tensor/node.ts';
import { add } from '../tensor/ops/elementwise.ts';
import { gather } from '../tensor/ops/indexing.ts';
import { matmul } from '../tensor/ops/matmul.ts';
import { input } from '../tensor/ops/source.ts';
import type { Side } from './packed-rows.ts';
import type { RowGroup } from './row-groups.ts';

/** A place where T5 drops elements in training. */
export interface DropoutSite {
  /**
   * The module as transformers names it, and which use of it: "encoder.dropout#0" is the embeddings', "#1"
   * comes after the final norm.
   */
  readonly name: string;
  readonly rate: number;
  /**
   * What the rows of the dropped value are: the tokens of a side, or the positions that attend ([batch,
   * heads, query, key]).
   */
  readonly rows:
    | { readonly kind: 'tokens'; readonly side: Side }
    | {
        readonly kind: 'attention';
        readonly query: Side;
        readonly key: Side;
        readonly group: RowGroup;
      };
}

/**
 * What the tracing of a model is given: where parameters come from, and what a linear layer and dropout are.
 */
export interface Mt5Trace {
  readonly config: Mt5Config;
  /** Every parameter by its name in transformers. */
  readonly parameters: ReadonlyMap<string, Node>;
  /**
   * The linear layer of a module, "encoder.block.0.layer.0.SelfAttention.q", on tokens of a side. x [tokens,
   * in]
   */
  readonly linear: (x: Node, module: string, side: Side, dropout: Mt5Trace['dropout']) => Linear;
  /** `after`, if given, is applied to the inputs of the masks. */
  readonly dropout: (x: Node, site: DropoutSite, after?: (node: Node) => Node) => Node;
  /** In how many groups of rows attention is computed: one, if not given. */
  readonly groups?: number;
  /** No group has more than one row: none has padding. */
  readonly singleRows?: boolean;
  /** Overrides how a layer of a stack is built into the graph. */
  readonly layer?: (build: LayerBuilder) => Node;
}

/** What a linear layer computes: the sum of the products scale · x weightᵀ, and of the bias. */
export interface Linear {
  readonly products: readonly [LinearProduct, ...LinearProduct[]];
  /** [out] */
  readonly bias: Node | undefined;
}

export interface LinearProduct {
  /** [tokens, in] */
  readonly x: Node;
  /** [out, in] */
  readonly weight: Node;
  readonly scale: number;
}

/**
 * Builds a layer; each node that it takes from outside passes through `outside`, which is called with those
 * that all layers share. It may be called more than once.
 */
export type LayerBuilder = (trace: Mt5Trace, outside: (node: Node, shared?: 'shared') => Node) => Node;

/** Builds a layer as the trace does it: in a way of its own, or in place. */
export const applyLayer = (trace: Mt5Trace, build: LayerBuilder): Node =>
  trace.layer === undefined ? build(trace, (node) => node) : trace.layer(build);

/** x [tokens, in] -> [tokens, out] */
export const applyLinear = (trace: Mt5Trace, x: Node, module: string, side: Side): Node =>
  sumOfProducts(trace.linear(x, module, side, trace.dropout));

/** What a linear layer gives. [tokens, out] */
export function sumOfProducts({ products: [first, ...others], bias }: Linear): Node {
  const base = productOf(first);
  return others.map(productOf).reduce(add, bias === undefined ? base : add(base, bias));
}

const productOf = ({ x, weight, scale }: LinearProduct): Node =>
  matmul(x, weight, { transposeB: true, scale });

/**
 * The model without changes: every parameter an input of the graph, no dropout. `others` are parameters that
 * a T5 lacks and an adapter may leave: an embedding of a stack's own, a head apart from a tied embedding,
 * biases of linear layers.
 */
export function plainTrace(config: Mt5Config, others: Shapes = new Map()): Mt5Trace {
  const parameters = new Map([
    ...parameterInputs(config),
    ...[...others].map(([name, shape]) => [name, input(name, 'float32', shape)] as const),
  ]);
  return { config, parameters, linear: plainLinear(config, parameters), dropout: (x) => x };
}

/** The parameters as inputs of the graph, float32, under their names in transformers. */
export function parameterInputs(config: Mt5Config): ReadonlyMap<string, Node> {
  return new Map(
    [...mt5ParameterShapes(config)].map(([name, shape]) => [name, input(name, 'float32', shape)]),
  );
}

/** x Wᵀ. No linear layer of a T5 has a bias, but an adapter may have given it one. */
export function plainLinear(config: Mt5Config, parameters: ReadonlyMap<string, Node>): Mt5Trace['linear'] {
  return (x, module) => {
    const weight = parameters.get(`${module}.weight`) ?? tiedWeight(config, parameters, module);
    return { products: [{ x, weight, scale: 1 }], bias: parameters.get(`${module}.bias`) };
  };
}

/** A tied head has no weight of its own. */
const tiedWeight = (
  { tieWordEmbeddings }: Mt5Config,
  parameters: ReadonlyMap<string, Node>,
  module: string,
): Node =>
  parameterOf(parameters, module === 'lm_head' && tieWordEmbeddings ? 'shared.weight' : `${module}.weight`);

/** The parameter of this name; throws if there is none. */
export function parameterOf(parameters: ReadonlyMap<string, Node>, name: string): Node {
  const parameter = parameters.get(name);
  if (parameter === undefined) throw new Error(`the model has no parameter "${name}"`);
  return parameter;
}

/** The embeddings of tokens in a stack: all uses share one table, unless an adapter has separated them. */
export const embedTokens = (trace: Mt5Trace, stack: 'encoder' | 'decoder', ids: Node): Node => {
  const own = `${stack}.embed_tokens.weight`;
  return lookup(trace, trace.parameters.has(own) ? own : 'shared.weight', ids);
};

/**
 * Rows of a parameter by index. The parameter is also an input under the same name: that input's gradient
 * covers the matrix products, and the gradient of the rows is taken at the lookups.
 */
export function lookup({ parameters }: Mt5Trace, name: string, indices: Node): Node {
  const { dtype, shape } = parameterOf(parameters, name);
  return gather(input(name, dtype, shape), indices);
}
