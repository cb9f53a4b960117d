import type { Fault, Range, Report } from '../../diagnostic.ts';
import { canonical } from '../../manifest/canonical.ts';
import type { Pipeline, Stage } from '../../pipeline-file/pipeline.ts';
import type { Condition, When } from '../../pipeline-file/shapes/when-shape.ts';
import {
  descend,
  interpolate,
  type Reference,
  unknownReference,
} from '../../pipeline-file/vars/interpolate.ts';
import { type Node, type ScalarNode, valueOf } from '../../pipeline-file/yaml/node.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { labelOf } from '../instance-name.ts';
import type { Cell, ListedCells } from './cell.ts';
import { cellLookup } from './cell-lookup.ts';

/** The cells of a stage by its `when`. */
interface KeptCells {
  readonly kept: readonly Cell[];
  readonly left: readonly LeftCell[];
  /** Of the cells that come from lists, those that could be kept, as far as is known. */
  readonly listed: readonly ListedCells[];
}

export interface LeftCell extends Cell {
  /** The first condition that does not hold, in words. */
  readonly condition: string;
}

/**
 * The cells of a stage for which every condition of its `when` holds. Undefined if a condition refers to
 * something that does not exist, which is reported. A value that no cell has, and a `when` that leaves no
 * cell, are probably mistakes, unless a var switches the stage off.
 */
export function keptCells(
  stage: Stage,
  cells: readonly Cell[],
  listed: readonly ListedCells[],
  pipeline: Pipeline,
  report: Report,
): KeptCells | undefined {
  const { when } = stage;
  if (when === undefined) return { kept: cells, left: [], listed };
  const judges = when.conditions.map((condition) =>
    judgeOf(condition, stage, cells, listed, pipeline, report),
  );
  const whole = judges.filter((judge) => judge !== undefined);
  if (whole.length < judges.length) return undefined;
  const kept: Cell[] = [];
  const left: LeftCell[] = [];
  for (const cell of cells) {
    const broken = whole.find(({ holds }) => holds(cell) === false);
    if (broken === undefined) kept.push(cell);
    else left.push({ ...cell, condition: broken.text });
  }
  const open = listed.filter((part) => whole.every(({ couldHold }) => couldHold(part)));
  const isSwitchedOff = whole.some(({ switchesOff }) => switchesOff);
  if (kept.length === 0 && open.length === 0 && cells.length > 0 && !isSwitchedOff)
    report(noneLeft(stage, when, left));
  return { kept, left, listed: open };
}

const noneLeft = ({ name }: Stage, { at }: When, left: readonly LeftCell[]): Fault => ({
  severity: 'warning',
  code: 'none-left',
  message: `this leaves no instance of ${name}: it has ${joinFirst(
    left.map(({ name: { id } }) => id),
    5,
  )}`,
  at,
});

/** A condition, to be evaluated for each cell. */
interface Judge {
  readonly text: string;
  /** Undefined: the value it refers to has a fault, which is reported when the instance is resolved. */
  holds(cell: Cell): boolean | undefined;
  couldHold(part: ListedCells): boolean;
  /** Whether it is about a var and does not hold. */
  readonly switchesOff: boolean;
}

function judgeOf(
  condition: Condition,
  stage: Stage,
  cells: readonly Cell[],
  listed: readonly ListedCells[],
  pipeline: Pipeline,
  report: Report,
): Judge | undefined {
  const [root = '', name = ''] = condition.path;
  const text = conditionText(condition);
  const reference: Reference = { kind: 'reference', path: condition.path, at: condition.at };
  if (root === 'vars') {
    const node = pipeline.vars(reference, report);
    if (node === undefined) return undefined;
    const verdict = isMet(condition, node);
    return { text, holds: () => verdict, couldHold: () => verdict, switchesOff: !verdict };
  }
  if (root === 'params') {
    const param = stage.params?.entries.get(name)?.value;
    if (param === undefined)
      return void report(
        unknownReference(
          name,
          `among the params of ${stage.name}`,
          stage.params?.entries ?? new Map(),
          condition.at,
        ),
      );
    const valueIn = (cell: Cell, reportFault: Report): Node | undefined => {
      const node = interpolate(param, cellLookup(cell, pipeline), silent);
      return node && descend(node, reference, 2, reportFault);
    };
    if (!isThereSomewhere(cells, valueIn, report)) return undefined;
    return {
      text,
      holds(cell) {
        const resolved = interpolate(param, cellLookup(cell, pipeline), silent);
        return resolved === undefined ? undefined : isMet(condition, descend(resolved, reference, 2, silent));
      },
      couldHold: () => true,
      switchesOff: false,
    };
  }
  const axes = new Set([...cells, ...listed].flatMap((cell) => [...cell.axes.keys()]));
  if (!axes.has(root)) {
    // The axes of a stage without cells are not known.
    if (cells.length + listed.length > 0)
      report(
        unknownReference(
          root,
          `among the axes of ${stage.name}`,
          new Set([...axes, 'vars', 'params']),
          condition.at,
        ),
      );
    return cells.length + listed.length > 0 ? undefined : always(text);
  }
  const valueIn = ({ axes: own }: Pick<Cell, 'axes'>, reportFault: Report): Node | undefined => {
    const value = own.get(root);
    return value && descend(value.node, reference, 1, reportFault);
  };
  const isOpen = listed.some((part) => part.axes.get(root) === null);
  if (!isOpen && !isThereSomewhere(cells, valueIn, report)) return undefined;
  if (!isOpen)
    reportUnmatched(
      condition,
      stage,
      cells.flatMap((cell) => valueIn(cell, silent) ?? []),
      report,
    );
  return {
    text,
    holds: (cell) => isMet(condition, valueIn(cell, silent)),
    couldHold(part) {
      const value = part.axes.get(root);
      return value === null || isMet(condition, value && descend(value.node, reference, 1, silent));
    },
    switchesOff: false,
  };
}

const silent: Report = () => undefined;

const always = (text: string): Judge => ({
  text,
  holds: () => true,
  couldHold: () => true,
  switchesOff: false,
});

/**
 * Whether any cell has the axis or param of a condition; the fault of the first one without it is reported.
 */
function isThereSomewhere(
  cells: readonly Cell[],
  valueIn: (cell: Cell, report: Report) => Node | undefined,
  report: Report,
): boolean {
  const faults: Fault[] = [];
  const isThere = cells.some((cell) => valueIn(cell, (fault) => void faults.push(fault)) !== undefined);
  const [fault] = faults;
  if (isThere || fault === undefined) return true;
  report(fault);
  return false;
}

/** A missing node equals no value. */
const isMet = ({ values, isNegated }: Condition, node: Node | undefined): boolean =>
  values.some((value) => node !== undefined && isValue(node, value)) !== isNegated;

/** A list and a map are named by their labels. */
const isValue = (node: Node, wanted: ScalarNode): boolean =>
  node.kind === 'scalar'
    ? canonical(valueOf(node)) === canonical(valueOf(wanted))
    : labelOf(node) === wanted.text;

/** Values that no cell has. */
function reportUnmatched(
  { name, values }: Condition,
  stage: Stage,
  found: readonly Node[],
  report: Report,
): void {
  if (found.length === 0) return;
  const labels = new Set(found.map(labelOf));
  for (const value of values)
    if (!found.some((node) => isValue(node, value)))
      report(unmatchedValue(`no instance of ${stage.name} has ${name} = ${shown(value)}`, labels, value));
}

const unmatchedValue = (message: string, labels: ReadonlySet<string>, { text, at }: ScalarNode): Fault => ({
  severity: 'warning',
  code: 'unmatched-value',
  message: `${message}: there are ${joinFirst([...labels], 10)}`,
  at,
  misspelt: { name: text, known: labels },
});

const shown = ({ value, text }: ScalarNode): string =>
  typeof value === 'string' && (text === '' || String(Number(text)) === text) ? JSON.stringify(text) : text;

/** "dataset = a or b", "vars.size is not 0". */
function conditionText({ name, values, isNegated }: Condition): string {
  const texts = joinFirst(values.map(shown), 5);
  if (isNegated) return `${name} is not ${values.length > 1 ? `one of ${texts}` : texts}`;
  return values.length > 1 ? `${name} is one of ${texts}` : `${name} = ${texts}`;
}

/** The message for a dep, or a list, on an instance that is left out. */
export function leftOutFault(
  message: string,
  at: Range,
  [first]: readonly LeftCell[],
  { name, when }: Stage,
): Fault {
  return {
    severity: 'error',
    code: 'left-out',
    message:
      first === undefined
        ? `${message} ${name}, which has no instances`
        : `${message} ${first.name.id}, which is left out: its stage has \`when\`: ${first.condition}`,
    at,
    help: 'give this stage the same `when`',
    ...(when === undefined ? {} : { notes: [{ message: `the \`when\` of ${name} is here`, at: when.at }] }),
  };
}
