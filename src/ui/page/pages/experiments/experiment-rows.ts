import { stageOf } from '../../../../runner/identity.ts';
import { leadingMetrics } from '../../../../runner/report/metrics/leading-metrics.ts';
import { direction } from '../../../../runner/report/metrics/direction.ts';
import { headingsOf } from '../../../../runner/report/metrics/headings-of.ts';
import type { Value } from '../../../../stage/context.ts';
import { type KnownScore, overSeeds, type RowScore } from '../../../../ml/metrics/over-seeds.ts';
import type { MeasuredValue, ModelAnswer } from '../../../../pages/result-answers.ts';
import { numberOf } from '../../number-text.ts';

/** A row of the table: a model, or the models that differ in their seed alone. */
export interface ExperimentRow {
  readonly name: string;
  /** Its models; more than one: the seeds of a point. */
  readonly models: readonly ModelAnswer[];
  readonly settings: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, RowMetric>>;
}

export interface RowMetric {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** The sample standard deviation over the seeds; NaN for one. */
  readonly deviation: number;
  /** Whether the bounds are the least and the greatest of too few rows for an interval. */
  readonly isRange: boolean;
}

/** What names a seed. */
const isSeed = (name: string): boolean => /(^|\.)seed$/i.test(name);

/** Whether models differ in their seed, so that grouping them is useful. */
export const haveSeeds = (models: readonly ModelAnswer[]): boolean =>
  differing(models.map(({ params }) => settingsOf(params))).some(isSeed);

/** A row for each model, or, if grouped, for those that differ in nothing but their seed. */
export function experimentRows(
  models: readonly ModelAnswer[],
  { isGrouped }: { readonly isGrouped: boolean },
): readonly ExperimentRow[] {
  const groups = new Map<string, ModelAnswer[]>();
  for (const model of models) {
    const { instance, params } = model;
    const rest = Object.entries(settingsOf(params)).filter(([name]) => !isSeed(name));
    const labels = Object.entries(model.labels).filter(([name]) => !isSeed(name));
    const key = isGrouped ? JSON.stringify([stageOf(instance), labels, rest]) : instance;
    groups.set(key, [...(groups.get(key) ?? []), model]);
  }
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    return [
      {
        name:
          members.length === 1 ? first.instance : `${first.instance} and ${members.length - 1} more seeds`,
        models: members,
        settings: settingsOf(first.params),
        metrics: metricsOf(members),
      },
    ];
  });
}

function metricsOf(models: readonly ModelAnswer[]): ExperimentRow['metrics'] {
  const names = [...new Set(models.flatMap(({ metrics }) => Object.keys(metrics)))];
  return Object.fromEntries(
    names.map((name) => {
      const found = models.flatMap(({ metrics }) => metrics[name] ?? []);
      const score = scoreOf(found);
      const [low = Number.NaN, high = Number.NaN] = score?.interval ?? [];
      return [
        name,
        {
          value: score?.value ?? Number.NaN,
          low,
          high,
          deviation: score?.deviation ?? Number.NaN,
          isRange: score?.method === 'range',
        },
      ];
    }),
  );
}

/**
 * As `collate` computes it: of several seeds their mean, its deviation, and an interval over seeds and rows.
 */
function scoreOf(seeds: readonly MeasuredValue[]): RowScore | undefined {
  const scales = new Set(seeds.map(({ scale }) => scale));
  const [scale = 'unbounded'] = scales.size === 1 ? scales : [];
  return overSeeds(
    seeds.map((seed) => knownScore(seed, seeds.length > 1)),
    scale,
  );
}

/** The uncertainty over seeds needs the number of rows: if that is unknown, so is the interval. */
function knownScore({ value, low, high, isRange, rows }: MeasuredValue, isOneOfSeeds: boolean): KnownScore {
  const isKnown = low !== undefined && high !== undefined;
  const isUsable = isKnown && (!isOneOfSeeds || isRange === true || rows !== undefined);
  return {
    value: numberOf(value),
    interval: isUsable ? [numberOf(low), numberOf(high)] : undefined,
    method: isRange === true ? 'range' : undefined,
    rows: rows ?? Number.NaN,
  };
}

const settingsOf = (params: ModelAnswer['params']): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, settingText(value)]));

const settingText = (value: Value): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The settings in which rows differ, in their order; a row that lacks one has another value. */
export const differingSettings = (rows: readonly ExperimentRow[]): readonly string[] =>
  differing(rows.map(({ settings }) => settings));

const differing = (rows: readonly Readonly<Record<string, string>>[]): readonly string[] =>
  [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
    (name) => new Set(rows.map((row) => row[name])).size > 1,
  );

/** The names of all metrics of the rows, in the order in which they first occur. */
export const metricNamesOf = (rows: readonly ExperimentRow[]): readonly string[] => [
  ...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics))),
];

/**
 * The metrics that are shown until others are chosen: what people compare models by, else those that differ.
 */
export function shownMetrics(rows: readonly ExperimentRow[]): readonly string[] {
  const names = metricNamesOf(rows);
  const leading = leadingMetrics(names);
  const others = names.filter((name) => {
    const values = new Set(rows.map(({ metrics }) => metrics[name]?.value));
    return values.size > 1 && [...values].some((value) => value !== undefined && !Number.isInteger(value));
  });
  return leading.length > 0 ? leading : others.slice(0, 6);
}

/** Shortens each name to as many of its last parts as make it unique. */
export function shortNames(names: readonly string[]): (name: string) => string {
  const headings = headingsOf(names);
  return (name) => (headings.get(name) ?? name).replace('\n', '');
}

/** Whether less is better, as of losses. */
export const isBestLow = (metric: string): boolean => direction(metric) < 0;

/** By a metric or a setting; numbers by size, missing values last. */
export function sortedRows(
  rows: readonly ExperimentRow[],
  by: string,
  isDescending: boolean,
): readonly ExperimentRow[] {
  const sign = isDescending ? -1 : 1;
  const valueOf = (row: ExperimentRow): number | string | undefined => {
    if (by === '') return row.name;
    const metric = row.metrics[by]?.value;
    if (metric !== undefined) return Number.isNaN(metric) ? undefined : metric;
    const setting = row.settings[by];
    return setting !== undefined && setting !== '' && Number.isFinite(Number(setting))
      ? Number(setting)
      : setting;
  };
  return rows.toSorted((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
  });
}
