import { converted, typed } from '../../tensor/tensorflow-operator.ts';
import { evaluate } from '../../tensor/dimension.ts';
import type { Value } from '../../tensor/emit.ts';
import type { DType, Node, Shape } from '../../tensor/node.ts';
import { simplify } from '../../tensor/simplify.ts';
import type { HostValue, Entry, Values } from '../runtime.ts';
import { type Given, sizesOfFeeds } from '../sizes-of-feeds.ts';
import {
  changeVariable,
  type GraphWriter,
  handleOf,
  type Held,
  openScope,
  type Scope,
} from './emit-graph.ts';
import type { Fetched, Program } from './program.ts';
import { explainingFailure } from './run-failure.ts';

/** The feeds and fetches of an entry. */
export interface Call {
  readonly scope: Pick<Scope, 'fed' | 'sizeVectors' | 'reads'>;
  readonly outputs: readonly Output[];
  /** The fetches that make all changes happen. */
  readonly done: readonly Fetched[];
  /** The shapes that variables have afterwards. */
  readonly shapes: Readonly<Record<string, Shape>>;
}

interface Output extends Fetched {
  readonly name: string;
  /** As the caller knows it: the binding knows neither uint32 nor int64. */
  readonly given: DType;
}

/** Adds an entry to the graph: its outputs, and the assignments to the variables that it updates. */
export function lowerEntry(graph: GraphWriter, held: Held, { outputs, updates = {} }: Entry): Call {
  const scope = openScope(graph, held);
  const simple = simplify({ outputs: { ...prefixed('out', outputs), ...prefixed('update', updates) } });
  const values = scope.lower(simple.outputs);
  const changes = Object.keys(updates).map((name) =>
    changeVariable(
      graph,
      'AssignVariableOp',
      handleOf(graph, held, name),
      loweredAt(values, `update ${name}`),
      [...scope.reads.values()].flatMap((read) => (read.name === name ? read.node : [])),
    ),
  );
  return {
    scope,
    outputs: Object.entries(outputs).map(([name, node]) =>
      outputOf(scope, name, node, loweredAt(values, `out ${name}`)),
    ),
    done: changes.length === 0 ? [] : [doneAfter(graph, scope, changes)],
    shapes: Object.fromEntries(Object.entries(updates).map(([name, { shape }]) => [name, shape])),
  };
}

/** A node that is computed when those are. */
export const doneAfter = (graph: GraphWriter, { emit }: Scope, nodes: readonly string[]): Fetched => ({
  node: graph.add('Identity', [emit.constant('int32', [], [0]).name, ...nodes.map((node) => `^${node}`)], {
    T: { dtype: 'int32' },
  }),
  dtype: 'int32',
});

/** Through an operator: a feed cannot be fetched. */
function outputOf({ emit }: Scope, name: string, { dtype: given }: Node, value: Value): Output {
  switch (given) {
    case 'float32':
    case 'int32':
    case 'bool':
      return { name, given, dtype: given, node: typed(emit, 'Identity', [value], given).name };
    case 'uint32': {
      const words = typed(emit, 'Bitcast', [value], given, { type: { dtype: 'int32' } });
      return { name, given, dtype: 'int32', node: words.name };
    }
    case 'int64':
      return { name, given, dtype: 'int32', node: converted(emit, value, given, 'int32').name };
    case 'bfloat16':
      throw new Error(`"${name}" is of bfloat16, which no host value has: cast it to float32`);
  }
}

/**
 * Runs an entry. `shapes` has the shapes of the held values, and is updated. TensorFlow does not check the
 * shapes of feeds: sizesOfFeeds does.
 */
export function runCall(program: Program, call: Call, feeds: Values, shapes: Map<string, Given>): Values {
  const { fed, sizeVectors, reads } = call.scope;
  const known = { ...Object.fromEntries(shapes), ...feeds };
  const sizes = sizesOfFeeds([...fed.values(), ...reads.values()], known);
  const inputs = [...fed.values()].map(({ name, node }) => [node, feedOf(feeds, name)] as const);
  const vectors = [...sizeVectors.values()].map(
    ({ node, dimensions }) =>
      [node, integers(dimensions.map((dimension) => evaluate(dimension, sizes)))] as const,
  );
  const results = explainingFailure(sizes, () =>
    program.run([...inputs, ...vectors], [...call.outputs, ...call.done]),
  );
  for (const [name, shape] of Object.entries(call.shapes))
    shapes.set(
      name,
      givenOf(
        'float32',
        shape.map((dimension) => evaluate(dimension, sizes)),
      ),
    );
  return Object.fromEntries(
    call.outputs.map(({ name, given }, index) => [name, asGiven(given, resultAt(results, index))]),
  );
}

/** A feed of this type and shape as the checks see it: with a length and no data. */
export const givenOf = (dtype: DType, shape: readonly number[]): Given => ({
  dtype,
  shape,
  data: { length: shape.reduce((product, size) => product * size, 1) },
});

const integers = (values: readonly number[]): HostValue => ({
  dtype: 'int32',
  shape: [values.length],
  data: Int32Array.from(values),
});

function asGiven(dtype: DType, value: HostValue): HostValue {
  if (value.dtype !== 'int32' || dtype === 'int32') return value;
  const { shape, data } = value;
  return dtype === 'uint32'
    ? { dtype, shape, data: new Uint32Array(data.buffer, data.byteOffset, data.length) }
    : { dtype: 'int64', shape, data: BigInt64Array.from(data, BigInt) };
}

function feedOf(feeds: Values, name: string): HostValue {
  const feed = feeds[name];
  if (feed === undefined) throw new Error(`"${name}" is not fed`);
  return feed;
}

function resultAt(results: readonly HostValue[], index: number): HostValue {
  const result = results[index];
  if (result === undefined) throw new Error('TensorFlow returned too few outputs');
  return result;
}

function loweredAt(values: Readonly<Record<string, Value>>, name: string): Value {
  const value = values[name];
  if (value === undefined) throw new Error(`${name} was not lowered`);
  return value;
}

/** Outputs and updates may have the same names. */
const prefixed = (kind: string, nodes: Readonly<Record<string, Node>>): Readonly<Record<string, Node>> =>
  Object.fromEntries(Object.entries(nodes).map(([name, node]) => [`${kind} ${name}`, node]));
