import type { Diagnostic, Located, Range, Report } from '../../diagnostic.ts';
import { limits, tooManyInstances } from '../../pipeline-file/yaml/guard.ts';
import type { Node } from '../../pipeline-file/yaml/node.ts';
import type { MatrixBlock, Pipeline, Stage } from '../../pipeline-file/pipeline.ts';
import type { SourceRequest } from '../../pipeline-file/source-request.ts';
import { cycleText, dependencyOrder, type Edge } from '../dependency-order.ts';
import type { PlannedList } from '../instance.ts';
import { axisValue } from './axis-value.ts';
import { type Cell, inOrder, type ListedCells, type Point } from './cell.ts';
import { distinctCells } from './distinct-cells.ts';
import type { Expansion, Product } from './expansion.ts';
import { keptCells, type LeftCell } from './kept-cells.ts';
import { listedAxis } from './listed-axis.ts';

interface StageCells {
  /** Those whose axes are all known. */
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
  /** Those that the `when` of their stage leaves out. */
  readonly left: ReadonlyMap<string, readonly LeftCell[]>;
  /** Of stages with an axis that comes from a list. */
  readonly listed: ReadonlyMap<string, readonly ListedCells[]>;
  /** The lists that were read, with their content. */
  readonly lists: readonly PlannedList[];
  /** The stages that make the lists that each stage's axes come from, by its own matrix or by others. */
  readonly producers: ReadonlyMap<string, readonly Located<string>[]>;
}

/**
 * The cells of every stage. A stage whose matrix has a fault, or takes its axes from one that has, is left
 * out, and its dependents are not checked.
 */
export function cellsOf(pipeline: Pipeline, readList: SourceRequest['readList'], report: Report): StageCells {
  const cells = new Map<string, readonly Cell[]>();
  const left = new Map<string, readonly LeftCell[]>();
  const listed = new Map<string, readonly ListedCells[]>();
  const producers = new Map<string, readonly Located<string>[]>();
  const { order, cycles } = dependencyOrder(pipeline.stages.keys(), (name) =>
    sourcesOf(pipeline.stages.get(name)),
  );
  for (const cycle of cycles) report(cycleFault(cycle));
  const expansion: Expansion = {
    pipeline,
    cells,
    left,
    listed,
    joins: new Map(),
    readList,
    lists: new Map(),
    inCycle: new Set(cycles.flat().map(({ from }) => from)),
    known: new Map(),
    budget: { left: limits.instances },
    report,
  };
  for (const name of order) {
    const stage = pipeline.stages.get(name);
    if (stage === undefined || expansion.inCycle.has(name)) continue;
    producers.set(name, producersOf(stage, producers));
    const products = stage.matrix.map((block) => productOf(block, expansion));
    const whole = products.filter((product) => product !== undefined);
    if (whole.length < products.length) continue;
    const names = whole.flatMap((product) => [...product.listed, ...product.points]);
    const axes = [...new Set(names.flatMap((point) => [...point.axes.keys()]))];
    const own = distinctCells(
      stage,
      whole.flatMap(({ points }) => points),
      axes,
      report,
    );
    const open = whole.flatMap((product) => product.listed);
    const parts = open.map((part) => ({ ...part, axes: inOrder(part.axes, axes) }));
    const kept = own && keptCells(stage, own, parts, pipeline, report);
    if (kept === undefined) continue;
    cells.set(name, kept.kept);
    if (kept.left.length > 0) left.set(name, kept.left);
    if (kept.listed.length > 0) listed.set(name, kept.listed);
  }
  return { cells, left, listed, lists: [...expansion.lists.values()], producers };
}

/** `known`: of the stages that it may take axes from. */
function producersOf({ matrix }: Stage, known: StageCells['producers']): readonly Located<string>[] {
  const all = matrix.flatMap(({ from, axes }) => [
    ...((from && known.get(from.value)) ?? []),
    ...[...axes.values()].flatMap((axis) => (axis.kind === 'list' ? [axis.list.stage] : [])),
  ]);
  return [...new Map(all.map((producer) => [producer.value, producer])).values()];
}

interface SourceEdge extends Edge {
  readonly at: Range;
}

const sourcesOf = (stage: Stage | undefined): readonly SourceEdge[] =>
  (stage?.matrix ?? []).flatMap(({ from, axes }) =>
    [
      ...(from === undefined ? [] : [from]),
      ...[...axes.values()].flatMap((axis) => (axis.kind === 'list' ? [axis.list.stage] : [])),
    ].map((source) => ({ from: stage?.name ?? '', to: source.value, at: source.at })),
  );

function cycleFault(edges: readonly SourceEdge[]): Diagnostic {
  const last = edges.at(-1);
  const message = `these matrices take axes from each other in a cycle: ${cycleText(edges)}`;
  return { severity: 'error', code: 'cycle', message, ...(last === undefined ? {} : { at: last.at }) };
}

function productOf(block: MatrixBlock, expansion: Expansion): Product | undefined {
  const from: Product | undefined =
    block.from === undefined
      ? { points: [{ axes: new Map(), at: block.at, lists: [] }], listed: [] }
      : fromStage(block.from, block, expansion);
  if (from === undefined) return undefined;
  const written = [...block.axes].flatMap(([name, axis]) =>
    axis.kind === 'values' ? [[name, axis.values] as const] : [],
  );
  const start = from.points.length + from.listed.length;
  const count = written.reduce((product, [, values]) => product * values.length, start);
  if (!fits(count, block, expansion)) return undefined;
  const axisCount = block.axes.size + ((from.points[0] ?? from.listed[0])?.axes.size ?? 0);
  if (axisCount > limits.axes)
    return void expansion.report({
      severity: 'error',
      code: 'too-many-axes',
      message: `this matrix has ${axisCount} axes, and an instance at most ${limits.axes}`,
      at: block.at,
    });
  let product = from;
  for (const [name, values] of written) product = withValues(product, name, values, expansion);
  // The instance that makes a list is found by the other axes, wherever they are written.
  for (const [name, axis] of block.axes) {
    if (axis.kind !== 'list') continue;
    const more = listedAxis(name, axis.list, product, expansion);
    if (more === undefined || !fits(more.points.length, block, expansion)) return undefined;
    product = more;
  }
  expansion.budget.left -= product.points.length;
  return inBlockOrder(product, block, from);
}

function fits(count: number, block: MatrixBlock, { budget, report }: Expansion): boolean {
  if (count <= budget.left) return true;
  report(tooManyInstances(`this matrix has ${count} cells`, block.at));
  return false;
}

function withValues(
  { points, listed }: Product,
  name: string,
  values: readonly Node[],
  expansion: Expansion,
): Product {
  const known = values.map((node) => axisValue(node, expansion.known));
  return {
    // A product of single values is one block: only the position of an alternative identifies it.
    points: points.flatMap(({ axes, at, lists }) =>
      known.map((value): Point => ({
        axes: new Map([...axes, [name, value]]),
        at: values.length > 1 ? value.node.at : at,
        lists,
      })),
    ),
    listed: listed.flatMap((part) =>
      known.map((value): ListedCells => ({ ...part, axes: new Map([...part.axes, [name, value]]) })),
    ),
  };
}

/** Axes in the order in which the block has them: those of lists were found last. */
function inBlockOrder({ points, listed }: Product, { axes }: MatrixBlock, from: Product): Product {
  if (![...axes.values()].some(({ kind }) => kind === 'list')) return { points, listed };
  const others = [...from.points, ...from.listed].flatMap((point) => [...point.axes.keys()]);
  const order = [...new Set([...others, ...axes.keys()])];
  return {
    points: points.map((point) => ({ ...point, axes: inOrder(point.axes, order) })),
    listed: listed.map((part) => ({ ...part, axes: inOrder(part.axes, order) })),
  };
}

/** The cells of the stage that `from` names. */
function fromStage(
  from: Located<string>,
  block: MatrixBlock,
  { pipeline, cells: done, listed, report }: Expansion,
): Product | undefined {
  if (!pipeline.stages.has(from.value)) {
    if (pipeline.broken.has(from.value)) return undefined;
    return void report({
      severity: 'error',
      code: 'unknown-stage',
      message: `there is no stage ${JSON.stringify(from.value)} to take axes from`,
      at: from.at,
      misspelt: { name: from.value, known: pipeline.stages },
    });
  }
  const cells = done.get(from.value);
  const parts = listed.get(from.value) ?? [];
  const duplicate = [...(cells ?? []), ...parts]
    .flatMap(({ axes }) => [...axes.keys()])
    .find((name) => block.axes.has(name));
  if (duplicate !== undefined)
    return void report({
      severity: 'error',
      code: 'axis-twice',
      message: `${from.value} already has the axis ${duplicate}`,
      at: block.axes.get(duplicate)?.at ?? from.at,
    });
  return cells && { points: cells.map(({ axes, lists }) => ({ axes, at: from.at, lists })), listed: parts };
}
