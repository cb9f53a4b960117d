import { reduced, reshaped, scalar, typed } from '../../tensor/tensorflow-operator.ts';
import type { Value } from '../../tensor/emit.ts';
import { adafactorSettings, adamwSettings, type OptimizerSettings } from '../optimizer.ts';
import type { HostValue, Update, Values } from '../runtime.ts';
import {
  changeVariable,
  type GraphWriter,
  handleOf,
  type Held,
  readVariable,
  type Scope,
} from './emit-graph.ts';

/** What an optimizer's step is written from. */
export interface OptimizerScope {
  readonly graph: GraphWriter;
  readonly held: Held;
  readonly scope: Scope;
  /** The node that is computed only where the step is to be made, after all gradients. */
  readonly gate: string;
}

export interface TrainedVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly weightDecay: number;
  /** Clipped. */
  readonly gradient: Value;
}

/** The updates of a variable and of its optimizer state: the nodes to be computed. */
export function lowerOptimizer(
  to: OptimizerScope,
  settings: OptimizerSettings,
  trained: TrainedVariable,
): readonly string[] {
  switch (settings.name) {
    case 'adamw':
      return lowerAdamW(to, settings, trained);
    case 'adafactor':
      return lowerAdafactor(to, settings, trained);
  }
}

/** The feeds of a step besides its batch: all that depends on the step is computed here, in float64. */
export function optimizerFeeds(settings: OptimizerSettings, { step, learningRate }: Update): Values {
  switch (settings.name) {
    case 'adamw': {
      const { beta1, beta2, epsilon } = adamwSettings(settings);
      const root = Math.sqrt(1 - beta2 ** step);
      // The kernel takes 1 - beta in float32, so its moments are those of torch times these.
      const [first, second] = [beta1, beta2].map((beta) => (1 - Math.fround(beta)) / (1 - beta));
      const scale = Math.sqrt(second ?? 1);
      return {
        'step.learningRate': real(learningRate),
        'step.alpha': real((learningRate * root * scale) / (1 - beta1 ** step) / (first ?? 1)),
        'step.epsilon': real(epsilon * root * scale),
      };
    }
    case 'adafactor': {
      const fresh = step ** adafactorSettings(settings).decayRate;
      return {
        'step.learningRate': real(learningRate),
        'step.fresh': real(fresh),
        'step.keep': real(1 - fresh),
      };
    }
  }
}

const real = (value: number): HostValue => ({
  dtype: 'float32',
  shape: [],
  data: Float32Array.of(value),
});

/**
 * Decay first, then Adam, as torch.optim.AdamW. ResourceApplyAdam adds its epsilon before the bias of the
 * second moment is corrected: it is given one that is corrected, and a learning rate that is, in place of
 * powers of beta.
 */
function lowerAdamW(
  to: OptimizerScope,
  settings: OptimizerSettings & { readonly name: 'adamw' },
  { name, weightDecay, gradient }: TrainedVariable,
): readonly string[] {
  const { graph, held, scope } = to;
  const { emit } = scope;
  const { beta1, beta2 } = adamwSettings(settings);
  const handle = handleOf(graph, held, name);
  const decays: string[] = [];
  if (weightDecay !== 0) {
    const share = typed(emit, 'Mul', [fed(to, 'learningRate'), scalar(emit, weightDecay)]);
    const lost = typed(emit, 'Mul', [late(to, name), share]);
    decays.push(changeVariable(graph, 'AssignSubVariableOp', handle, lost, [to.gate]));
  }
  const zero = scalar(emit, 0);
  const inputs = [zero, zero, fed(to, 'alpha'), scalar(emit, beta1), scalar(emit, beta2), fed(to, 'epsilon')];
  return [
    graph.add(
      'ResourceApplyAdam',
      [
        handle,
        handleOf(graph, held, `first.${name}`),
        handleOf(graph, held, `second.${name}`),
        ...[...inputs, gradient].map((value) => value.name),
        ...[to.gate, ...decays].map((node) => `^${node}`),
      ],
      { T: { dtype: 'float32' }, use_locking: { flag: false }, use_nesterov: { flag: false } },
    ),
  ];
}

/** As runtime/onnx/adafactor.ts, in float32. */
function lowerAdafactor(
  to: OptimizerScope,
  settings: OptimizerSettings & { readonly name: 'adafactor' },
  { name, shape, weightDecay, gradient }: TrainedVariable,
): readonly string[] {
  const { emit } = to.scope;
  const { beta1, scaleParameter, clipThreshold, epsilon } = adafactorSettings(settings);
  const [axes, last] = [shape.map((_, axis) => axis), shape.length - 1];
  const op = (operator: string, ...of: readonly (Value | number)[]): Value =>
    typed(
      emit,
      operator,
      of.map((value) => (typeof value === 'number' ? scalar(emit, value) : value)),
    );
  const mean = (x: Value, over: readonly number[], keep = false): Value =>
    reduced(emit, 'Mean', x, over, { keep });
  const rootMeanSquare = (x: Value): Value => op('Sqrt', mean(op('Square', x), axes));
  const changes: string[] = [];
  const changed = (variable: string, value: Value): Value => {
    const handle = handleOf(to.graph, to.held, variable);
    changes.push(changeVariable(to.graph, 'AssignVariableOp', handle, value, [to.gate]));
    return value;
  };
  const averaged = (variable: string, squares: Value): Value =>
    changed(
      variable,
      op('AddV2', op('Mul', late(to, variable), fed(to, 'keep')), op('Mul', squares, fed(to, 'fresh'))),
    );

  const parameter = late(to, name);
  const rate = scaleParameter
    ? op('Mul', fed(to, 'learningRate'), op('Maximum', rootMeanSquare(parameter), epsilon[1]))
    : fed(to, 'learningRate');
  const squares = op('AddV2', op('Square', gradient), epsilon[0]);
  let scaled: Value;
  if (shape.length < 2) scaled = op('Mul', gradient, op('Rsqrt', averaged(`second.${name}`, squares)));
  else {
    const rows = averaged(`rows.${name}`, mean(squares, [last]));
    const columns = averaged(`columns.${name}`, mean(squares, axes.slice(0, -1)));
    const rowFactors = op('Rsqrt', op('RealDiv', rows, mean(rows, axes.slice(0, -1))));
    const column = reshaped(emit, rowFactors, emit.sizes([...shape.slice(0, -1), 1]));
    scaled = op('Mul', op('Mul', gradient, column), op('Rsqrt', columns));
  }
  const clipped = op('Maximum', op('RealDiv', rootMeanSquare(scaled), clipThreshold), 1);
  let update = op('Mul', scaled, op('RealDiv', rate, clipped));
  if (beta1 !== null)
    update = changed(
      `first.${name}`,
      op('AddV2', op('Mul', late(to, `first.${name}`), beta1), op('Mul', update, 1 - beta1)),
    );
  const kept =
    weightDecay === 0 ? parameter : op('Mul', parameter, op('Sub', 1, op('Mul', rate, weightDecay)));
  changed(name, op('Sub', kept, update));
  return changes;
}

const fed = ({ scope: { emit } }: OptimizerScope, name: string): Value =>
  emit.input(`step.${name}`, 'float32', []);

/** A read after all gradients, so that none holds the variable while it is changed in place. */
const late = ({ graph, held, gate }: OptimizerScope, name: string): Value => ({
  name: readVariable(graph, handleOf(graph, held, name), 'float32', [gate]),
});
