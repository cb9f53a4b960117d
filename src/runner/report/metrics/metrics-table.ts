import type { Value } from '../../../stage/context.ts';
import type { MetricValue, ResultState } from '../../answers.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { listed } from '../../pipeline-file/vars/interpolate.ts';
import { nearest } from '../../pipeline-file/nearest.ts';
import { flatParams } from './changed-params.ts';
import { leadingMetrics } from './leading-metrics.ts';
import { decimals } from './metric-text.ts';
import { textWidth } from '../../wording/text-width.ts';

/** One row of the table: an instance with its axes, its params and its metrics. */
export interface MeasuredInstance {
  readonly instance: string;
  readonly state: ResultState;
  readonly adopted?: boolean;
  readonly axes: Readonly<Record<string, Value>>;
  readonly params: Readonly<Record<string, Value>>;
  readonly values: Readonly<Record<string, MetricValue>>;
  /** The metric by which it is the best. */
  readonly best?: string;
}

export interface MetricsTable {
  /** The heading and a row an instance; the best by the pipeline file's `best` has a star. */
  readonly rows: readonly (readonly string[])[];
  /** Metrics that all instances have the same value of. */
  readonly same: readonly { readonly name: string; readonly value: MetricValue }[];
  /** Metrics, and params in which instances differ, that are not shown, since there are many. */
  readonly left: { readonly metrics: readonly string[]; readonly settings: readonly string[] };
}

const mostMetrics = 8;

/**
 * Instances with the axes and params in which they differ, and their metrics. `columns`: metrics to show;
 * undefined: those that differ, the best-known first. Fits into `width`, if the requested columns allow it.
 */
export function metricsTable(
  measured: readonly MeasuredInstance[],
  columns: readonly string[] | undefined,
  width = Infinity,
): MetricsTable {
  const all = metricNames(measured);
  const same =
    columns !== undefined || measured.length < 2 ? [] : all.flatMap((name) => sharedValue(measured, name));
  const different = all.filter((name) => !same.some((shared) => shared.name === name));
  const selected =
    columns &&
    [...new Set(columns.flatMap((name) => matching(all, name)))].map((name) => metricColumn(measured, name));
  const allSettings = settingsOf(measured);
  const settings = differingSettings(measured, allSettings);
  const headings = headingsOf([...allSettings.names, ...all]);
  const columnWidth = ({ name, of }: Column): number =>
    gap + Math.max(...[...(headings.get(name) ?? name).split('\n'), ...measured.map(of)].map(textWidth));
  const instances: Column = {
    name: 'instance',
    of: (row) => `${row.instance}${row.adopted === true ? ' (adopted)' : ''}${stateSuffix[row.state]}`,
  };
  const room = width + gap - columnWidth(instances);
  const metrics =
    selected ??
    mostTelling(
      different.map((name) => metricColumn(measured, name)),
      Math.max(room / 2, room - sum(settings.map(columnWidth))),
      columnWidth,
    );
  const shownSettings = fitting(settings, room - sum(metrics.map(columnWidth)), columnWidth);
  const shown = [instances, ...shownSettings, ...metrics];
  return {
    rows: [
      shown.map(({ name }) => headings.get(name) ?? name),
      ...measured.map((row) => shown.map(({ of }) => of(row))),
    ],
    same,
    left: {
      metrics: different.filter((name) => !metrics.some((column) => column.name === name)),
      settings: settings.filter((column) => !shownSettings.includes(column)).map(({ name }) => name),
    },
  };
}

/** Columns that `aligned` leaves between two. */
const gap = 2;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The columns that fit, in their order: a column that is too wide does not exclude later ones. */
function fitting(
  columns: readonly Column[],
  room: number,
  widthOf: (column: Column) => number,
): readonly Column[] {
  let left = room;
  return columns.filter((column) => {
    const fits = widthOf(column) <= left;
    if (fits) left -= widthOf(column);
    return fits;
  });
}

/** The metrics that fit, but at least one, since a table without metrics is useless. */
function mostTelling(
  columns: readonly MetricColumn[],
  room: number,
  widthOf: (column: Column) => number,
): readonly Column[] {
  const ranked = columns.length > mostMetrics ? firstOfMany(columns) : scoresFirst(columns);
  const fit = fitting(ranked, room, widthOf);
  const shown = fit.length === 0 ? ranked.slice(0, 1) : fit;
  return (columns.length > mostMetrics ? ranked : columns).filter((column) => shown.includes(column));
}

function firstOfMany(columns: readonly MetricColumn[]): readonly MetricColumn[] {
  const leading = leadingMetrics(columns.map(({ name }) => name)).flatMap((name) =>
    columns.filter((column) => column.name === name),
  );
  return leading.length > 0 ? leading : scoresFirst(columns).slice(0, mostMetrics);
}

const scoresFirst = (columns: readonly MetricColumn[]): readonly MetricColumn[] => [
  ...columns.filter(({ isCount: counts }) => !counts),
  ...columns.filter(({ isCount: counts }) => counts),
];

/**
 * Each name by as many of its last parts as no other ends with, which `--columns` takes; what comes before
 * the last one above it.
 */
export function headingsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const endings = new Map<string, number>();
  for (const ending of [...new Set(names)].flatMap(endingsOf))
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  return new Map(
    names.map((name) => [
      name,
      (endingsOf(name).find((ending) => endings.get(ending) === 1) ?? name).replace(/\.(?=[^.]*$)/, '.\n'),
    ]),
  );
}

/** "a.b.c": "c", "b.c", "a.b.c". */
function endingsOf(name: string): readonly string[] {
  const parts = name.split('.');
  return parts.map((_, index) => parts.slice(parts.length - 1 - index).join('.'));
}

const stateSuffix: Readonly<Record<ResultState, string>> = {
  'up-to-date': '',
  'out-of-date': ' (out of date)',
  'not-cached': ' (not cached)',
};

/**
 * In the order of a metric, the best first; of a param or an axis, the smallest first. What has no such value
 * comes last.
 */
export function sortedBy<T extends MeasuredInstance>(measured: readonly T[], wanted: string): readonly T[] {
  const settings = settingsOf(measured);
  const [metrics, others] = [metricNames(measured), settings.names];
  const exact = [...metrics, ...others].find((name) => name === wanted);
  const name = exact ?? matching(metrics, wanted)[0] ?? matching(others, wanted)[0];
  if (name === undefined) return measured;
  return metrics.includes(name)
    ? inOrder(measured, (row) => ordered(metricOf(row, name)), -direction(name))
    : inOrder(measured, (row) => settings.of(row, name), 1);
}

/** Whether an instance has one of the requested metrics. */
export const hasColumn = ({ values }: MeasuredInstance, columns: readonly string[]): boolean =>
  columns.some((name) => matching(Object.keys(values), name).length > 0);

/** Requested columns that no instance has: reported, since they would otherwise be missing without notice. */
export function unknownColumns(
  measured: readonly MeasuredInstance[],
  columns: readonly string[],
  sort: string | undefined,
): readonly Diagnostic[] {
  if (measured.length === 0) return [];
  const metrics = metricNames(measured);
  const selected = [
    ...columns.map((name) => ({ name, known: metrics })),
    ...(sort === undefined ? [] : [{ name: sort, known: [...metrics, ...settingsOf(measured).names] }]),
  ];
  return selected
    .filter(({ name, known }) => matching(known, name).length === 0)
    .map(({ name, known }) => {
      const suggestion = nearest(name, [
        ...known,
        ...known.map((each) => each.slice(each.lastIndexOf('.') + 1)),
      ]);
      return {
        severity: 'error',
        code: 'unknown-column',
        message: `there is no column ${JSON.stringify(name)}: expected ${listed(known)}`,
        ...(suggestion === undefined ? {} : { suggestion }),
      };
    });
}

const metricNames = (measured: readonly MeasuredInstance[]): readonly string[] => [
  ...new Set(measured.flatMap(({ values }) => Object.keys(values))),
];

/** By name or last part of the name. */
const matching = (names: readonly string[], wanted: string): readonly string[] =>
  names.filter((name) => name === wanted || name.endsWith(`.${wanted}`));

/** NaN has no rank among numbers. */
const ordered = (value: MetricValue | undefined): MetricValue | undefined =>
  Number.isNaN(value) ? undefined : value;

function inOrder<T>(
  rows: readonly T[],
  of: (row: T) => Value | bigint | undefined,
  sign: number,
): readonly T[] {
  return rows.toSorted((a, b) => {
    const [left, right] = [of(a), of(b)];
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined);
    return isNumber(left) && isNumber(right)
      ? sign * (left < right ? -1 : left > right ? 1 : 0)
      : sign * text(left).localeCompare(text(right));
  });
}

const isNumber = (value: Value | bigint): value is MetricValue =>
  typeof value === 'number' || typeof value === 'bigint';

/** Losses and durations are better when they are small. */
export const direction = (name: string): 1 | -1 =>
  wordsOf(name).some((word) => smallIsGood.has(word)) ? -1 : 1;

const smallIsGood: ReadonlySet<string> = new Set([
  'loss',
  'perplexity',
  'error',
  'errors',
  'nll',
  'seconds',
  'time',
  'latency',
  'wer',
  'cer',
  'mae',
  'mse',
  'rmse',
]);

/** "validationLoss" and "validation_loss" are two words. */
const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);

function sharedValue(measured: readonly MeasuredInstance[], name: string): MetricsTable['same'] {
  const [value, ...others] = new Set(measured.map((row) => metricOf(row, name)));
  return value === undefined || others.length > 0 ? [] : [{ name, value }];
}

/** Steps or rows, which matter less than scores. */
function isCount(all: readonly MetricValue[]): boolean {
  const values = all.filter((value) => !Number.isNaN(value));
  return (
    values.every(isWhole) && (values.some((value) => value < 0 || value > 1) || new Set(values).size < 2)
  );
}

const isWhole = (value: MetricValue): boolean => typeof value === 'bigint' || Number.isInteger(value);

interface Column {
  readonly name: string;
  readonly of: (row: MeasuredInstance) => string;
}

interface MetricColumn extends Column {
  readonly isCount: boolean;
}

function metricColumn(measured: readonly MeasuredInstance[], name: string): MetricColumn {
  const values = measured.map((row) => metricOf(row, name)).filter((value) => value !== undefined);
  const isMarked = measured.some(({ best }) => best === name);
  const areWhole = values.every((value) => isWhole(value) || !Number.isFinite(value));
  const show = (value: MetricValue): string =>
    areWhole || typeof value === 'bigint' ? String(value) : decimals(value);
  // The place of the star is kept free beside the others, so that digits line up.
  const mark = ({ best }: MeasuredInstance): string => (!isMarked ? '' : best === name ? '*' : ' ');
  return {
    name,
    isCount: isCount(values),
    of: (row) => {
      const value = metricOf(row, name);
      return value === undefined ? '' : `${show(value)}${mark(row)}`;
    },
  };
}

/** A metric may have the name of a method of objects. */
const metricOf = ({ values }: MeasuredInstance, name: string): MetricValue | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/** The params and the values of axes, nested ones by path, that are not the same everywhere. */
function differingSettings(measured: readonly MeasuredInstance[], settings: Settings): readonly Column[] {
  const columns = settings.names.map((name) => ({
    name,
    of: (row: MeasuredInstance) => text(settings.of(row, name) ?? ''),
  }));
  return columns.filter(({ of }) => new Set(measured.map(of)).size > 1);
}

/** Params and the values of axes by names of their own. */
interface Settings {
  readonly names: readonly string[];
  readonly of: (row: MeasuredInstance, name: string) => Value | undefined;
}

/**
 * A param, or a part of an axis that is a map (the instance's name already shows a single value), by its
 * path. Where a metric has the same name, or a param differs from an axis, its origin is prefixed:
 * params.loss.
 */
function settingsOf(measured: readonly MeasuredInstance[]): Settings {
  const rows = new Map(
    measured.map((row) => {
      const points = Object.entries(row.axes).filter(
        ([, value]) => typeof value === 'object' && value !== null,
      );
      return [row, { axes: leavesOf(Object.fromEntries(points)), params: leavesOf(row.params) }] as const;
    }),
  );
  const taken = new Set(metricNames(measured));
  for (const { axes, params } of rows.values())
    for (const [name, value] of params)
      if (axes.has(name) && text(axes.get(name) ?? null) !== text(value)) taken.add(name);
  const named = new Map(
    [...rows].map(([row, { axes, params }]) => [
      row,
      new Map(
        [
          ...[...axes].map(([name, value]) => ['axes', name, value] as const),
          ...[...params].map(([name, value]) => ['params', name, value] as const),
        ].map(([from, name, value]) => [taken.has(name) ? `${from}.${name}` : name, value]),
      ),
    ]),
  );
  return {
    names: [...new Set([...named.values()].flatMap((row) => [...row.keys()]))],
    of: (row, name) => named.get(row)?.get(name),
  };
}

const leavesOf = (values: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> =>
  new Map([...flatParams(values)].filter(([name]) => name !== ''));

const text = (value: Value | bigint): string =>
  typeof value === 'string' ? value : typeof value === 'bigint' ? String(value) : JSON.stringify(value);
