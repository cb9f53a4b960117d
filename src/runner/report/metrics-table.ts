import type { Value } from '../../stage/context.ts';

/** One row of the table: an instance with its axes as they show, its params and its metrics. */
export interface MeasuredInstance {
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, Value>>;
  readonly values: Readonly<Record<string, number>>;
}

export interface MetricsTableOptions {
  /** Metrics to show, by name or last part of the name; undefined: the first `mostMetrics` that the files have. */
  readonly columns: readonly string[] | undefined;
  /** Sorted by this metric, the best first. */
  readonly sort: string | undefined;
}

export interface MetricsTable {
  /** The heading and a row an instance; the best value of a column carries a star. */
  readonly rows: readonly (readonly string[])[];
  /** Metrics that are not shown. */
  readonly left: readonly string[];
}

const mostMetrics = 8;

/** Instances with the axes and params in which they differ, and their metrics. */
export function metricsTable(measured: readonly MeasuredInstance[], { columns, sort }: MetricsTableOptions): MetricsTable {
  const all = [...new Set(measured.flatMap(({ values }) => Object.keys(values)))];
  const chosen = columns === undefined ? all.slice(0, mostMetrics) : columns.flatMap((name) => matching(all, name));
  const sortBy = sort === undefined ? undefined : matching(all, sort)[0];
  const ordered = sortBy === undefined ? measured : [...measured].sort((a, b) => direction(sortBy) * ((b.values[sortBy] ?? -Infinity) - (a.values[sortBy] ?? -Infinity)));
  const differing = differingParams(measured);
  const heading = ['instance', ...differing.map(({ name }) => name), ...chosen];
  const body = ordered.map((row) => [row.instance, ...differing.map(({ of }) => of(row)), ...chosen.map((name) => cell(row.values[name], bestOf(measured, name)))]);
  return { rows: [heading, ...body], left: all.filter((name) => !chosen.includes(name)) };
}

/** Losses and the like are better when they are small. */
const direction = (name: string): 1 | -1 => (/loss|perplexity|error/i.test(name) ? -1 : 1);

function bestOf(measured: readonly MeasuredInstance[], name: string): number | undefined {
  const values = measured.map(({ values: { [name]: value } }) => value).filter((value) => value !== undefined);
  return values.length < 2 || new Set(values).size < 2 ? undefined : direction(name) * Math.max(...values.map((value) => direction(name) * value));
}

const cell = (value: number | undefined, best: number | undefined): string =>
  value === undefined ? '' : `${Number.isInteger(value) ? String(value) : value.toFixed(4)}${value === best ? '*' : ''}`;

const matching = (names: readonly string[], wanted: string): readonly string[] => names.filter((name) => name === wanted || name.endsWith(`.${wanted}`));

interface Column {
  readonly name: string;
  readonly of: (row: MeasuredInstance) => string;
}

/** The params, nested ones by path, that are not the same everywhere. */
function differingParams(measured: readonly MeasuredInstance[]): readonly Column[] {
  const flat = new Map(measured.map((row) => [row, new Map(leaves(row.params, ''))]));
  const names = [...new Set([...flat.values()].flatMap((leafs) => [...leafs.keys()]))];
  const columns = names.map((name) => ({ name, of: (row: MeasuredInstance) => flat.get(row)?.get(name) ?? '' }));
  return columns.filter(({ of }) => new Set(measured.map(of)).size > 1);
}

function leaves(value: Value, path: string): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, part]) => leaves(part, path === '' ? name : `${path}.${name}`));
}
