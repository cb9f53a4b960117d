import type { Graph, Node } from '../../tensor/node.ts';
import type { OpName } from '../../tensor/op.ts';
import { inputsFirst } from '../../tensor/walk.ts';

/** A node as it runs. */
export interface Step {
  readonly node: Node;
  readonly inputs: readonly Step[];
  /** Its control dependencies. */
  readonly waitsFor: Step | undefined;
}

export interface RunOrder {
  /** Inputs before what uses them; feeds and constants included. */
  readonly steps: readonly Step[];
  readonly outputs: Readonly<Record<string, Step>>;
}

/**
 * TensorFlow runs a node as soon as its inputs are there: the dropout masks of all layers, which depend on
 * feeds alone, before the first layer, and on the way forward those parts of gradients that need no gradient.
 * Here nodes are ordered depth first, from the outputs that take fewest steps to those that take most, as a
 * gradient goes back, and none runs more than some places ahead: within these they run side by side. What is
 * computed twice is one step where the uses are near each other; elsewhere it is computed again, not kept. So
 * is a cheap product of what is kept anyway: attention's weights after dropout, which their gradient keeps
 * before dropout.
 */
export function runOrderOf(outputs: Graph['outputs']): RunOrder {
  const order = nearestFirst(Object.values(outputs));
  const lastUsers = lastUsersOf(order);
  const places = new Map<Step, number>();
  const lastUses = new Map<Step, number>();
  const known = new Map<string, Step>();
  const numbers = new Map<Step, number>();
  const taken = new Map<Node, Step>();
  const computed: Step[] = [];
  const isNear = (step: Step): boolean => (lastUses.get(step) ?? 0) >= computed.length - longestKept;
  /** For the node of that index. */
  const stepOf = (used: Node, index: number): Step => {
    const node = origin(used);
    const step = taken.get(node);
    if (step === undefined) throw new Error(`${node.op} is used before it is computed`);
    return isNear(step) || !isCheapAt(node, index) ? step : take(node, index);
  };
  /** Whether a node can be computed again without keeping anything for it. */
  const isCheapAt = (node: Node, index: number): boolean =>
    cheap.has(node.op) &&
    node.inputs
      .map(origin)
      .every(
        (input) =>
          isGiven(input) || (lastUsers.get(input) ?? 0) >= index - longestKept || isCheapAt(input, index),
      );
  const take = (node: Node, index: number): Step => {
    const inputs = node.inputs.map((input) => stepOf(input, index));
    const { op, dtype, shape, attributes } = node;
    const key = JSON.stringify([op, dtype, shape, attributes, inputs.map((input) => numbers.get(input))]);
    const same = known.get(key);
    const place = computed.length;
    if (same !== undefined && (isGiven(node) || isNear(same))) {
      taken.set(node, same);
      lastUses.set(same, place);
      return same;
    }
    const before = computed[place - mostAhead];
    const latest = Math.max(-1, ...inputs.map((input) => places.get(input) ?? -1));
    const waits = !isGiven(node) && before !== undefined && latest < place - mostAhead;
    const step: Step = { node, inputs, waitsFor: waits ? before : undefined };
    for (const used of [step, ...inputs]) lastUses.set(used, place);
    known.set(key, step);
    numbers.set(step, numbers.size);
    taken.set(node, step);
    if (!isGiven(node)) {
      places.set(step, place);
      computed.push(step);
    }
    return step;
  };
  for (const [index, node] of order.entries()) if (node.op !== 'StopGradient') take(node, index);
  return {
    steps: [...numbers.keys()],
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, node]) => [name, stepOf(node, order.length)]),
    ),
  };
}

const isGiven = ({ op }: Node): boolean => op === 'Input' || op === 'Constant';

const cheap: ReadonlySet<OpName> = new Set(['Multiply', 'Cast']);

/** The node whose value this is: gradients do not pass StopGradient, values do. */
function origin(node: Node): Node {
  const [first] = node.inputs;
  return node.op === 'StopGradient' && first !== undefined ? origin(first) : node;
}

/** The index of the last of the nodes that uses each. */
const lastUsersOf = (order: readonly Node[]): ReadonlyMap<Node, number> =>
  new Map(
    order.flatMap((node, index) =>
      node.op === 'StopGradient' ? [] : node.inputs.map((input) => [origin(input), index] as const),
    ),
  );

/** About as many as a layer's attention has. */
const mostAhead = 32;
/** About as many as a layer and its gradient have. */
const longestKept = 256;

/** Depth first; of the roots the one first that the shortest chain of nodes leads to. */
function nearestFirst(roots: readonly Node[]): readonly Node[] {
  const depths = new Map<Node, number>();
  for (const node of inputsFirst(roots))
    depths.set(node, 1 + Math.max(-1, ...node.inputs.map((input) => depths.get(input) ?? 0)));
  return inputsFirst(roots.toSorted((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0)));
}
