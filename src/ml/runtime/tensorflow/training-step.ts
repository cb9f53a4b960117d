import { textAt } from '../../tensor/attribute.ts';
import type { Value } from '../../tensor/emit.ts';
import type { Node } from '../../tensor/node.ts';
import { elementCount } from '../../element-count.ts';
import { simplify } from '../../tensor/simplify.ts';
import { concatenated, reshaped, scalar, typed } from '../../tensor/tensorflow-operator.ts';
import { inputsFirst } from '../../tensor/walk.ts';
import type { Training } from '../runtime.ts';
import { type Call, doneAfter } from './entries.ts';
import {
  changeVariable,
  type GraphWriter,
  handleOf,
  type Held,
  openScope,
  readVariable,
  type Scope,
} from './emit-graph.ts';
import { lowerOptimizer } from './optimizers.ts';
import type { Fetched } from './program.ts';

/**
 * A step's micro-batches, each a call: `only` one; or the `first`, whose gradients are kept, `more`, whose
 * are added, and the `last`, which makes the step.
 */
export type MicroBatchCalls = (place: 'only' | 'first' | 'more' | 'last') => Call;

/** The variable in which gradients are added up. */
export const accumulatorOf = (name: string): string => `gradient.${name}`;

/** Adds the calls of a step's micro-batches to the graph; without accumulation all are `only`. */
export function lowerTraining(graph: GraphWriter, held: Held, training: Training): MicroBatchCalls {
  const outputs = simplify(training.graph.graph).outputs;
  const lowered = (keep: Keep): Call => {
    const scope = openScope(graph, held);
    const values = scope.lower(outputs);
    const loss = valueAt(values, 'loss');
    const gradients = new Map(
      [...training.trained].map(([name, shape]) => [
        name,
        gradientOf(scope, training, outputs, values, name, shape),
      ]),
    );
    return keep(scope, loss, gradients);
  };
  const keptBy =
    (operator: 'AssignVariableOp' | 'AssignAddVariableOp'): Keep =>
    (scope, loss, gradients) => ({
      scope,
      outputs: [output(scope, 'loss', loss)],
      done: [
        doneAfter(
          graph,
          scope,
          [...gradients].map(([name, gradient]) =>
            changeVariable(graph, operator, handleOf(graph, held, accumulatorOf(name)), gradient),
          ),
        ),
      ],
      shapes: {},
    });
  const added =
    (isLast: boolean): Keep =>
    (scope, loss, gradients) => {
      const total = new Map(
        [...gradients].map(([name, gradient]) => [
          name,
          isLast
            ? typed(scope.emit, 'AddV2', [
                { name: readVariable(graph, handleOf(graph, held, accumulatorOf(name))) },
                gradient,
              ])
            : gradient,
        ]),
      );
      return stepCall(graph, held, scope, training, loss, total);
    };
  const only = lowered(added(false));
  if (training.accumulation === 1) return () => only;
  const calls = {
    only,
    first: lowered(keptBy('AssignVariableOp')),
    more: lowered(keptBy('AssignAddVariableOp')),
    last: lowered(added(true)),
  };
  return (place) => calls[place];
}

type Keep = (scope: Scope, loss: Value, gradients: ReadonlyMap<string, Value>) => Call;

/**
 * Clips and updates, unless the loss of the step or the norm is not finite: then the nodes that change
 * variables are on the branch that is not taken.
 */
function stepCall(
  graph: GraphWriter,
  held: Held,
  scope: Scope,
  { trained, optimizer, weightDecayOf }: Training,
  loss: Value,
  gradients: ReadonlyMap<string, Value>,
): Call {
  const { emit } = scope;
  const halves = [...gradients.values()].map((gradient) => typed(emit, 'L2Loss', [gradient]));
  const half = typed(emit, 'AddN', halves, 'float32', { N: { int: halves.length } });
  const norm = typed(emit, 'Sqrt', [typed(emit, 'Mul', [half, scalar(emit, 2)])]);
  const most = emit.input('step.maxGradientNorm', 'float32', []);
  const ratio = typed(emit, 'RealDiv', [most, typed(emit, 'AddV2', [norm, scalar(emit, 1e-6)])]);
  const factor = typed(emit, 'Minimum', [scalar(emit, 1), ratio]);

  const whole = typed(emit, 'AddV2', [loss, emit.input('step.earlierLoss', 'float32', [])]);
  const finite = emit.apply('LogicalAnd', [
    typed(emit, 'IsFinite', [whole]),
    typed(emit, 'IsFinite', [norm]),
  ]);
  const branch = typed(emit, 'Switch', [finite, finite], 'bool');
  // One after the other: the update of a gradient may be as large as the gradient, and both are freed then.
  let gate = typed(emit, 'Identity', [{ name: `${branch.name}:1` }], 'bool').name;
  const smallestFirst = [...gradients]
    .map(([name, gradient]) => ({ name, gradient, shape: trained.get(name) ?? [] }))
    .sort((a, b) => elementCount(a.shape) - elementCount(b.shape));
  for (const { name, gradient, shape } of smallestFirst) {
    const changes = lowerOptimizer({ graph, held, scope, gate }, optimizer, {
      name,
      shape,
      weightDecay: weightDecayOf(name),
      gradient: typed(emit, 'Mul', [gradient, factor]),
    });
    gate = graph.add('Identity', [gate, ...changes.map((node) => `^${node}`)], { T: { dtype: 'bool' } });
  }
  const stepped = typed(emit, 'Merge', [{ name: gate }, branch], 'bool', { N: { int: 2 } });
  return {
    scope,
    outputs: [output(scope, 'loss', loss), output(scope, 'norm', norm)],
    done: [{ node: stepped.name, dtype: 'bool' }],
    shapes: {},
  };
}

const output = (
  { emit }: Scope,
  name: string,
  value: Value,
): Fetched & { name: string; given: 'float32' } => ({
  name,
  given: 'float32',
  dtype: 'float32',
  node: typed(emit, 'Identity', [value]).name,
});

/**
 * Dense, also of a table: rows at repeated indices are added up by UnsortedSegmentSum, which on the CPU gives
 * the same bits every time. ResourceScatterAdd does not.
 */
function gradientOf(
  { emit }: Scope,
  { graph: { dense, lookups } }: Training,
  outputs: Readonly<Record<string, Node>>,
  values: Readonly<Record<string, Value>>,
  name: string,
  shape: readonly number[],
): Value {
  const parts = dense.includes(name) ? [valueAt(values, `gradient.${name}`)] : [];
  const own = lookups.filter(({ parameter }) => parameter === name);
  if (own.length > 0) {
    const flat = emit.sizes([-1]);
    const rows = own.map((lookup) =>
      reshaped(emit, valueAt(values, lookup.output), emit.sizes([-1, ...shape.slice(1)])),
    );
    const ids = own.map(({ indices }) => reshaped(emit, fedAs(emit, outputs, indices), flat, 'int32'));
    parts.push(
      typed(
        emit,
        'UnsortedSegmentSum',
        [
          concatenated(emit, rows, 0, 'float32'),
          concatenated(emit, ids, 0, 'int32'),
          emit.constant('int32', [], [shape[0] ?? 0]),
        ],
        'float32',
        { Tindices: { dtype: 'int32' }, Tnumsegments: { dtype: 'int32' } },
      ),
    );
  }
  const [first, ...rest] = parts;
  if (first === undefined) throw new Error(`the graph gives no gradient of "${name}"`);
  return rest.reduce((sum, part) => typed(emit, 'AddV2', [sum, part]), first);
}

/** The feed of the graph's input of that name. */
function fedAs(emit: Scope['emit'], outputs: Readonly<Record<string, Node>>, name: string): Value {
  const node = inputsFirst(Object.values(outputs)).find(
    ({ op, attributes }) => op === 'Input' && textAt(attributes, 'name') === name,
  );
  if (node === undefined) throw new Error(`the graph has no input "${name}"`);
  return emit.input(name, node.dtype, node.shape);
}

function valueAt(values: Readonly<Record<string, Value>>, name: string): Value {
  const value = values[name];
  if (value === undefined) throw new Error(`"${name}" is not among the values`);
  return value;
}
