/** That `from` needs `to`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

interface Ordered<E extends Edge> {
  /** Every name once, its dependencies before it, else in the given order. */
  readonly order: readonly string[];
  /** For each edge that closes a cycle, the edges of that cycle. */
  readonly cycles: readonly (readonly E[])[];
}

/**
 * Depth-first order with an explicit stack, so that long chains do not overflow. Edges to unknown names are
 * skipped. Takes time in proportion to names and edges.
 */
export function dependencyOrder<E extends Edge>(
  names: Iterable<string>,
  edgesOf: (name: string) => readonly E[],
): Ordered<E> {
  const known = new Set(names);
  const order: string[] = [];
  const cycles: (readonly E[])[] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const root of known) {
    if (state.has(root)) continue;
    const path: Step<E>[] = [open(root, undefined, edgesOf, state)];
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const edge = step.edges[step.next++];
      if (edge === undefined) {
        state.set(step.name, 'done');
        order.push(step.name);
        path.pop();
      } else if (known.has(edge.to) && !state.has(edge.to)) {
        path.push(open(edge.to, edge, edgesOf, state));
      } else if (state.get(edge.to) === 'open') {
        const start = path.findIndex(({ name }) => name === edge.to);
        cycles.push([...path.slice(start + 1).flatMap(({ by }) => by ?? []), edge]);
      }
    }
  }
  return { order, cycles };
}

interface Step<E> {
  readonly name: string;
  /** The edge that led here. */
  readonly by: E | undefined;
  readonly edges: readonly E[];
  next: number;
}

function open<E>(
  name: string,
  by: E | undefined,
  edgesOf: (name: string) => readonly E[],
  state: Map<string, 'open' | 'done'>,
): Step<E> {
  state.set(name, 'open');
  return { name, by, edges: edgesOf(name), next: 0 };
}

/** A cycle of edges for a message: "a → b → a". */
export function cycleText(edges: readonly Edge[]): string {
  const names = edges.map(({ from }) => from);
  const left = names.length - 11;
  const shown = left > 1 ? [...names.slice(0, 10), `… ${left} more …`, ...names.slice(-1)] : names;
  return [...shown, names[0] ?? ''].join(' → ');
}
