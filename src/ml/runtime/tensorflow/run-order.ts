import type { Graph, Node } from '../../tensor/node.ts';
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
 * computed twice is one step where the uses are near each other; elsewhere it is computed again, not kept.
 */
export function runOrderOf(outputs: Graph['outputs']): RunOrder {
  const places = new Map<Step, number>();
  const lastUses = new Map<Step, number>();
  const known = new Map<string, Step>();
  const numbers = new Map<Step, number>();
  const taken = new Map<Node, Step>();
  const computed: Step[] = [];
  const stepOf = (node: Node): Step => {
    const step = taken.get(node);
    if (step === undefined) throw new Error(`${node.op} is used before it is computed`);
    return step;
  };
  for (const node of nearestFirst(Object.values(outputs))) {
    const inputs = node.inputs.map(stepOf);
    const [first] = inputs;
    if (node.op === 'StopGradient' && first !== undefined) {
      taken.set(node, first);
      continue;
    }
    const { op, dtype, shape, attributes } = node;
    const key = JSON.stringify([op, dtype, shape, attributes, inputs.map((input) => numbers.get(input))]);
    const same = known.get(key);
    const isGiven = op === 'Input' || op === 'Constant';
    const place = computed.length;
    if (same !== undefined && (isGiven || (lastUses.get(same) ?? 0) >= place - longestKept)) {
      taken.set(node, same);
      lastUses.set(same, place);
      continue;
    }
    const before = computed[place - mostAhead];
    const latest = Math.max(-1, ...inputs.map((input) => places.get(input) ?? -1));
    const waits = !isGiven && before !== undefined && latest < place - mostAhead;
    const step: Step = { node, inputs, waitsFor: waits ? before : undefined };
    for (const used of [step, ...inputs]) lastUses.set(used, place);
    known.set(key, step);
    numbers.set(step, numbers.size);
    taken.set(node, step);
    if (isGiven) continue;
    places.set(step, place);
    computed.push(step);
  }
  return {
    steps: [...numbers.keys()],
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, stepOf(node)])),
  };
}

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
