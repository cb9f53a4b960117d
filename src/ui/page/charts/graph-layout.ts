import { stageOf } from '../../../runner/identity.ts';
import type { GraphAnswer, GraphStage } from '../../api.ts';

/** A stage with the instances that lists will give it. */
export interface ShownStage extends GraphStage {
  readonly awaited: GraphAnswer['awaited'];
}

/** The stages of the graph; after them those of which only the name is known. */
export function shownStages({
  stages,
  awaited,
}: Pick<GraphAnswer, 'stages' | 'awaited'>): readonly ShownStage[] {
  const known = new Set(stages.map(({ stage }) => stage));
  const unknown = new Set(awaited.map(({ name }) => stageOf(name)).filter((stage) => !known.has(stage)));
  return [
    ...stages,
    ...[...unknown].map((stage): GraphStage => ({ stage, description: '', instances: [] })),
  ].map((stage) => ({
    ...stage,
    awaited: awaited.filter(({ name }) => stageOf(name) === stage.stage),
  }));
}

/** From the producer of a list to the instances that become known after it. */
export const awaitedEdges = (awaited: GraphAnswer['awaited']): GraphAnswer['edges'] =>
  awaited.flatMap(({ name, after }) => after.map((from) => ({ from, to: name })));

/** Where a stage is drawn, in pixels. Few instances are a list of names, many are small squares. */
export interface StageBox {
  readonly stage: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly isList: boolean;
}

interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly StageBox[];
  /** Between stages, each once, without those that longer ways imply. */
  readonly lines: readonly StageLine[];
}

interface StageLine {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  /** Whether only its list is known so far. */
  readonly isAwaited: boolean;
}

const boxWidth = 232;
const gap = { x: 76, y: 28 };
const headHeight = 64;
const listRow = 26;
const most = { list: 16, squaresInRow: 9 };
const square = 23;

/** Each stage is placed to the right of all that it reads from: its column is the longest way to it. */
export function graphLayout(graph: Pick<GraphAnswer, 'stages' | 'edges' | 'awaited'>): GraphLayout {
  const stages = shownStages(graph);
  const solid = sourcesByStage(graph.edges);
  const needs = sourcesByStage([...graph.edges, ...awaitedEdges(graph.awaited)]);
  const columns = new Map<string, number>();
  const columnOf = (stage: string, above: readonly string[]): number => {
    const known = columns.get(stage);
    if (known !== undefined) return known;
    // Instances of two stages may read from each other's: such a way is not followed round.
    const sources = [...(needs.get(stage) ?? [])].filter((source) => !above.includes(source));
    const column = Math.max(-1, ...sources.map((source) => columnOf(source, [...above, stage]))) + 1;
    columns.set(stage, column);
    return column;
  };
  const heights = new Map<number, number>();
  const boxes = stages.map(({ stage, instances, awaited }): StageBox => {
    const members = instances.length + awaited.length;
    const column = columnOf(stage, []);
    const y = heights.get(column) ?? 0;
    const isList = members <= most.list;
    const height =
      headHeight + (isList ? members * listRow : Math.ceil(members / most.squaresInRow) * square) + 14;
    heights.set(column, y + height + gap.y);
    return { stage, x: column * (boxWidth + gap.x), y, width: boxWidth, height, isList };
  });
  const boxOf = new Map(boxes.map((box) => [box.stage, box]));
  const lines = [...needs].flatMap(([to, sources]) =>
    [...sources].flatMap((from) => {
      if (isImplied(from, to, solid, columns)) return [];
      const [source, target] = [boxOf.get(from), boxOf.get(to)];
      return source === undefined || target === undefined
        ? []
        : [{ from, to, path: lineBetween(source, target), isAwaited: solid.get(to)?.has(from) !== true }];
    }),
  );
  return {
    width: Math.max(0, ...boxes.map(({ x, width }) => x + width)),
    height: Math.max(0, ...boxes.map(({ y, height }) => y + height)),
    boxes,
    lines,
  };
}

/**
 * Whether a longer way leads from one stage to another, column by column: such a line would only run behind
 * the boxes between them.
 */
function isImplied(
  from: string,
  to: string,
  sources: ReadonlyMap<string, ReadonlySet<string>>,
  columns: ReadonlyMap<string, number>,
): boolean {
  const columnOf = (stage: string): number => columns.get(stage) ?? 0;
  const before = (stage: string): readonly string[] =>
    [...(sources.get(stage) ?? [])].filter((source) => columnOf(source) < columnOf(stage));
  const reached = new Set(before(to).filter((source) => source !== from));
  for (const stage of reached) for (const source of before(stage)) reached.add(source);
  return reached.has(from);
}

/** By stage the other stages that its instances come after. */
function sourcesByStage(edges: GraphAnswer['edges']): ReadonlyMap<string, ReadonlySet<string>> {
  const sources = new Map<string, Set<string>>();
  for (const edge of edges) {
    const [from, to] = [stageOf(edge.from), stageOf(edge.to)];
    if (from !== to) sources.set(to, (sources.get(to) ?? new Set()).add(from));
  }
  return sources;
}

/** From the head of one box to the head of the other; past a column in between, through the gap above it. */
function lineBetween(from: StageBox, to: StageBox): string {
  const [x1, y1] = [from.x + from.width, from.y + 30];
  const [x2, y2] = [to.x, to.y + 30];
  const bend = Math.max(30, Math.min(80, (x2 - x1) / 2));
  return `M ${x1} ${y1} C ${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2} ${y2}`;
}

/** An instance, with all its direct and indirect dependencies and dependents. */
export function related(instance: string, edges: GraphAnswer['edges']): ReadonlySet<string> {
  const reach = (ends: (edge: GraphAnswer['edges'][number]) => readonly [string, string]): Set<string> => {
    const next = new Map<string, string[]>();
    for (const edge of edges) {
      const [here, there] = ends(edge);
      next.set(here, [...(next.get(here) ?? []), there]);
    }
    const reached = new Set([instance]);
    for (const each of reached) for (const there of next.get(each) ?? []) reached.add(there);
    return reached;
  };
  return new Set([
    ...reach(({ from, to }) => [from, to] as const),
    ...reach(({ from, to }) => [to, from] as const),
  ]);
}
