import { digestOf } from '../../../files/digest.ts';
import type { Value } from '../../../stage/context.ts';
import type { Diagnostic, Located, Range, Report } from '../../diagnostic.ts';
import { canonical } from '../../manifest/canonical.ts';
import { limits } from '../../pipeline-file/yaml/guard.ts';
import { mapNode, valueOf, type Node } from '../../pipeline-file/yaml/node.ts';
import type { MatrixBlock, Pipeline, Stage } from '../../pipeline-file/pipeline.ts';
import { cycleText, dependencyOrder, type Edge } from '../dependency-order.ts';
import { axisName, foldedFolder, instanceName, labelOf, type InstanceName } from '../instance-name.ts';

/** One value of an axis. */
export interface AxisValue {
  /** As it is written, a map with its `name`. */
  readonly node: Node;
  /** What `${axis}` stands for: a map without its `name`. */
  readonly bare: Node;
  /** The value with its `name`: what a dep that gathers is told, since it may show it. */
  readonly value: Value;
  /** The value without its `name`. */
  readonly bareValue: Value;
  /** Equal if and only if the values (with their names) are: what joins compare. */
  readonly identity: string;
  readonly label: string;
  /** The label as a part of the instance's name. */
  readonly name: string;
}

/**
 * One cell of a stage's matrix: a value for each of its axes, in the order in which the stage first names
 * them.
 */
export interface Cell {
  readonly axes: ReadonlyMap<string, AxisValue>;
  readonly name: InstanceName;
  /** Where to point for what is wrong with this very cell. */
  readonly at: Range;
}

/**
 * The cells of every stage. A stage whose matrix has a fault, or takes its axes from one that has, is left
 * out: what depends on it is not judged.
 */
export function cellsOf(pipeline: Pipeline, report: Report): ReadonlyMap<string, readonly Cell[]> {
  const cells = new Map<string, readonly Cell[]>();
  const { order, cycles } = dependencyOrder(pipeline.stages.keys(), (name) =>
    sourcesOf(pipeline.stages.get(name)),
  );
  for (const cycle of cycles) report(cycleFault(cycle));
  const expansion: Expansion = {
    pipeline,
    cells,
    inCycle: new Set(cycles.flat().map(({ from }) => from)),
    known: new Map(),
    budget: { left: limits.instances },
    report,
  };
  for (const name of order) {
    const stage = pipeline.stages.get(name);
    if (stage === undefined || expansion.inCycle.has(name)) continue;
    const products = stage.matrix.map((block) => productOf(block, expansion));
    const whole = products.filter((product) => product !== undefined);
    const own = whole.length < products.length ? undefined : distinct(stage, whole.flat(), report);
    if (own !== undefined) cells.set(name, own);
  }
  return cells;
}

interface SourceEdge extends Edge {
  readonly at: Range;
}

const sourcesOf = (stage: Stage | undefined): readonly SourceEdge[] =>
  (stage?.matrix ?? []).flatMap(({ from }) =>
    from === undefined ? [] : [{ from: stage?.name ?? '', to: from.value, at: from.at }],
  );

function cycleFault(edges: readonly SourceEdge[]): Diagnostic {
  const last = edges.at(-1);
  const message = `these matrices take their axes from each other: ${cycleText(edges)}`;
  return { severity: 'error', code: 'cycle', message, ...(last === undefined ? {} : { at: last.at }) };
}

interface Expansion {
  readonly pipeline: Pipeline;
  /** Of the stages that are done. */
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
  readonly inCycle: ReadonlySet<string>;
  readonly known: Map<Node, AxisValue>;
  /** How many instances the pipeline may still have. */
  readonly budget: { left: number };
  readonly report: Report;
}

type Point = Pick<Cell, 'axes' | 'at'>;

function productOf(block: MatrixBlock, expansion: Expansion): readonly Point[] | undefined {
  const from =
    block.from === undefined
      ? [{ axes: new Map<string, AxisValue>(), at: block.at }]
      : fromStage(block.from, block, expansion);
  if (from === undefined) return undefined;
  const count = [...block.axes.values()].reduce(
    (product, { values }) => product * values.length,
    from.length,
  );
  expansion.budget.left -= count;
  if (expansion.budget.left < 0) {
    return void expansion.report({
      severity: 'error',
      code: 'too-many-instances',
      message: `this matrix has ${count} cells, and a pipeline at most ${limits.instances} instances`,
      at: block.at,
    });
  }
  const axisCount = block.axes.size + (from[0]?.axes.size ?? 0);
  if (axisCount > limits.axes)
    return void expansion.report({
      severity: 'error',
      code: 'too-many-axes',
      message: `this matrix has ${axisCount} axes, and an instance at most ${limits.axes}`,
      at: block.at,
    });
  let points: readonly Point[] = from;
  for (const [name, { values }] of block.axes) {
    const known = values.map((node) => axisValue(node, expansion.known));
    // A product without choice is written as one block: its own place tells nothing, that of a value does.
    points = points.flatMap(({ axes, at }) =>
      known.map((value): Point => ({
        axes: new Map([...axes, [name, value]]),
        at: values.length > 1 ? value.node.at : at,
      })),
    );
  }
  return points;
}

/** The cells of the stage that `from` names. */
function fromStage(
  from: Located<string>,
  block: MatrixBlock,
  { pipeline, cells: done, report }: Expansion,
): readonly Point[] | undefined {
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
  const twice = cells?.flatMap(({ axes }) => [...axes.keys()]).find((name) => block.axes.has(name));
  if (twice !== undefined)
    return void report({
      severity: 'error',
      code: 'axis-twice',
      message: `${from.value} already has the axis ${twice}`,
      at: block.axes.get(twice)?.at ?? from.at,
    });
  return cells?.map(({ axes }) => ({ axes, at: from.at }));
}

function axisValue(node: Node, known: Map<Node, AxisValue>): AxisValue {
  const before = known.get(node);
  if (before !== undefined) return before;
  const bare =
    node.kind === 'map' && node.entries.has('name')
      ? mapNode(new Map([...node.entries].filter(([name]) => name !== 'name')), node.at)
      : node;
  const value = valueOf(node);
  const label = labelOf(node);
  const made = {
    node,
    bare,
    value,
    bareValue: bare === node ? value : valueOf(bare),
    identity: identityOf(value),
    label,
    name: axisName(label),
  };
  known.set(node, made);
  return made;
}

/** Short whatever the value is, since every cell has one for each axis: the canonical form, or its digest. */
function identityOf(value: Value): string {
  const form = canonical(value);
  return form.length <= 100 ? form : `#${digestOf(form)}`;
}

/** Names the cells, their axes in the order of the stage, and reports those that are the same. */
function distinct(stage: Stage, points: readonly Point[], report: Report): readonly Cell[] | undefined {
  const order = [...new Set(points.flatMap(({ axes }) => [...axes.keys()]))];
  const byIdentity = new Map<string, Cell>();
  const byFolder = new Map<string, Cell>();
  let whole = true;
  for (const point of points) {
    const axes = new Map(
      order.flatMap((name): readonly [string, AxisValue][] => {
        const value = point.axes.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const cell: Cell = {
      axes,
      at: point.at,
      name: instanceName(
        stage.name,
        [...axes.values()].map(({ name }) => name),
      ),
    };
    const identity = [...axes].map(([name, value]) => `${name}:${value.identity}`).join('');
    const [same, sharing] = [byIdentity.get(identity), byFolder.get(foldedFolder(cell.name))];
    byIdentity.set(identity, cell);
    byFolder.set(foldedFolder(cell.name), cell);
    const other = same ?? sharing;
    if (other === undefined && (axes.size > 0 || points.length === 1)) continue;
    whole = false;
    report({
      severity: 'error',
      ...sameness(stage, cell, other, same !== undefined),
      at: cell.at,
      notes: other === undefined ? [] : [{ message: 'the other comes from here', at: other.at }],
    });
  }
  return whole ? [...byIdentity.values()] : undefined;
}

function sameness(
  stage: Stage,
  cell: Cell,
  other: Cell | undefined,
  equal: boolean,
): { readonly code: string; readonly message: string; readonly help: string } {
  if (other === undefined)
    return {
      code: 'no-axes',
      message: `one cell of ${stage.name} has no axes and others have: their folders would lie in its own`,
      help: 'give it the axes of the others',
    };
  if (equal)
    return {
      code: 'same-instance',
      message: `${cell.name.id} appears twice in this matrix`,
      help: 'leave one of them out',
    };
  return cell.name.id === other.name.id
    ? {
        code: 'same-identity',
        message: `two instances with different values are both named ${cell.name.id}`,
        help: namingHelp(cell, other),
      }
    : {
        code: 'same-identity',
        message: `${other.name.id} and ${cell.name.id} would share a folder where file systems ignore case`,
        help: 'give them names that differ in more than case',
      };
}

/** How the value could be named apart that makes two instances differ. */
function namingHelp(cell: Cell, other: Cell): string {
  const differing = [...cell.axes].find(([axis, value]) => other.axes.get(axis)?.identity !== value.identity);
  if (differing === undefined) return 'name them apart';
  const [axis, { node, label }] = differing;
  if (node.kind !== 'map') return `the values of ${axis} read alike: write them so that they differ as texts`;
  return node.entries.has('name')
    ? `two values of ${axis} have the name ${label}: give one of them another`
    : `give the values of ${axis} names: { name: …, … }`;
}
