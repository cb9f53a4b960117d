import type { Graph, Shape } from '../../tensor/node.ts';
import { graphFaults } from '../../tensor/check-graph.ts';
import { textAt } from '../../tensor/attribute.ts';
import { inputsFirst } from '../../tensor/walk.ts';
import type { Entry, Session, SessionPlan, Values } from '../runtime.ts';
import type { Given } from '../sizes-of-feeds.ts';
import type { Binding } from './binding.ts';
import { type Call, givenOf, lowerEntry, runCall } from './entries.ts';
import {
  createGraphWriter,
  type GraphSettings,
  type GraphWriter,
  type Held,
  type HeldValue,
} from './emit-graph.ts';
import { openProgram, type Program } from './program.ts';
import { assignGroup, lowerGroups } from './variable-groups.ts';

/** TensorFlow, loaded, and how and where it computes. */
export interface OpenedEngine extends GraphSettings {
  readonly binding: Binding;
}

/** A session whose constants and variables are resource variables of one TensorFlow session. */
export async function openSession<Name extends string>(
  plan: SessionPlan<Name>,
  engine: OpenedEngine,
): Promise<Session<Name>> {
  const { program, run } = openEntries(plan, { held: new Map(), reads: [] }, engine, () => undefined);
  return {
    run: async (name, feeds) => run(name, feeds),
    release: async () => program.release(),
  };
}

/** A training's held values and reads besides its plan. */
export interface Beside {
  readonly held: ReadonlyMap<string, readonly number[]>;
  readonly reads: readonly Graph[];
}

/** What a session and a training have in common. `more` adds to the graph before it is loaded. */
export function openEntries<Name extends string, More>(
  { constants = {}, variables = {}, entries }: SessionPlan<Name>,
  beside: Beside,
  { binding, ...settings }: OpenedEngine,
  more: (graph: GraphWriter, held: Held) => More,
): {
  readonly program: Program;
  readonly more: More;
  /** Shapes of the held values. */
  readonly shapes: Map<string, Given>;
  readonly run: (name: Name, feeds: Values) => Values;
} {
  const graphs = [
    ...Object.values<Entry>(entries).flatMap(({ outputs, updates = {} }) => [
      { outputs },
      { outputs: updates },
    ]),
    ...beside.reads,
  ];
  graphs.forEach(requireLegal);
  const used = inputNames(graphs);
  const weights = new Map(
    Object.entries(constants).filter(([name]) => used.has(name) && !beside.held.has(name)),
  );
  const held: Held = new Map<string, HeldValue>([
    ...[...weights].map(([name, { dtype, shape }]) => [name, { dtype, shape }] as const),
    ...Object.entries(variables).map(([name, shape]) => [name, real(shape)] as const),
    ...[...beside.held].map(([name, shape]) => [name, real(shape)] as const),
  ]);
  const graph = createGraphWriter(settings);
  const calls = new Map<string, Call>(
    Object.entries<Entry>(entries).map(([name, entry]) => [name, lowerEntry(graph, held, entry)]),
  );
  const weightGroups = lowerGroups(
    graph,
    held,
    new Map([...weights].map(([name, { shape }]) => [name, shape])),
  );
  const added = more(graph, held);
  const program = openProgram(binding, graph.nodes);
  for (const group of weightGroups)
    assignGroup(program, group, new Map([...weights].map(([name, { data }]) => [name, data])));
  const shapes = new Map<string, Given>([
    ...[...weights].map(([name, { dtype, shape }]) => [name, givenOf(dtype, shape)] as const),
    ...[...beside.held].map(([name, shape]) => [name, givenOf('float32', shape)] as const),
  ]);
  return {
    program,
    more: added,
    shapes,
    run(name, feeds) {
      const call = calls.get(name);
      if (call === undefined) throw new Error(`the session has no entry "${name}"`);
      return runCall(program, call, feeds, shapes);
    },
  };
}

const real = (shape: Shape) => ({ dtype: 'float32', shape }) as const;

/** Throws on an illegal graph: a bug of the code that built it. */
function requireLegal(graph: Graph): void {
  const faults = graphFaults(graph);
  if (faults.length > 0) throw new Error(`the graph is not legal: ${faults.join('; ')}`);
}

const inputNames = (graphs: readonly Graph[]): ReadonlySet<string> =>
  new Set(
    inputsFirst(graphs.flatMap(({ outputs }) => Object.values(outputs))).flatMap(({ op, attributes }) =>
      op === 'Input' ? [textAt(attributes, 'name')] : [],
    ),
  );
