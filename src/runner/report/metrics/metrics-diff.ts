import type { Value } from '../../../stage/context.ts';
import type { InstanceMetrics, MetricValue } from '../../answers/results.ts';
import type { ChangedParam } from '../../answers/runs.ts';
import type { InstanceId } from '../../identity.ts';
import { changedParams } from './changed-params.ts';
import { metricText } from './metric-text.ts';

/** What changed between the metrics of two moments. */
interface MetricsDiff {
  /** In the order of the instances; of each, metrics with intervals first. */
  readonly changed: readonly ChangedMetric[];
  /** Of instances that have metrics at both moments: params with another value. */
  readonly params: readonly ChangedParam[];
  /** Instances with metrics after, or before, alone. */
  readonly added: readonly InstanceId[];
  readonly gone: readonly InstanceId[];
  /** All of whose metrics are equal. */
  readonly same: readonly InstanceId[];
}

interface ChangedMetric {
  readonly instance: InstanceId;
  readonly metric: string;
  readonly before: MetricValue;
  readonly after: MetricValue;
  readonly change: number;
  readonly intervalBefore?: Interval | undefined;
  readonly intervalAfter?: Interval | undefined;
}

type Interval = readonly [low: number, high: number];

/**
 * Compares metrics by the names of instances. `columns`: these metrics alone, by name or last parts of it;
 * undefined: all that are not a bound of another.
 */
export function metricsDiff(
  before: readonly InstanceMetrics[],
  after: readonly InstanceMetrics[],
  columns: readonly string[] | undefined,
): MetricsDiff {
  const old = new Map(before.map((row) => [row.instance, row]));
  const now = new Set(after.map(({ instance }) => instance));
  const both = after.flatMap((row) => {
    const known = old.get(row.instance);
    return known === undefined ? [] : [{ known, row, changed: changedMetrics(known, row, columns) }];
  });
  return {
    changed: both.flatMap(({ changed }) => changed),
    params: both.flatMap(({ known, row }) => changedParams(row.instance, known.params, row.params)),
    added: after.flatMap(({ instance }) => (old.has(instance) ? [] : [instance])),
    gone: before.flatMap(({ instance }) => (now.has(instance) ? [] : [instance])),
    same: both.flatMap(({ row, changed }) => (changed.length === 0 ? [row.instance] : [])),
  };
}

function changedMetrics(
  before: InstanceMetrics,
  after: InstanceMetrics,
  columns: readonly string[] | undefined,
): readonly ChangedMetric[] {
  const bounds = new Set([...boundNames(before), ...boundNames(after)]);
  const isSelected = (name: string): boolean =>
    columns === undefined
      ? !bounds.has(name)
      : columns.some((column) => name === column || name.endsWith(`.${column}`));
  const found = Object.entries(after.values).flatMap(([metric, value]): readonly ChangedMetric[] => {
    const old = Object.hasOwn(before.values, metric) ? before.values[metric] : undefined;
    if (old === undefined || Object.is(old, value) || !isSelected(metric)) return [];
    return [
      {
        instance: after.instance,
        metric,
        before: old,
        after: value,
        change: Number(value) - Number(old),
        intervalBefore: before.intervals?.[metric],
        intervalAfter: after.intervals?.[metric],
      },
    ];
  });
  const hasInterval = ({ intervalBefore, intervalAfter }: ChangedMetric): boolean =>
    intervalBefore !== undefined || intervalAfter !== undefined;
  return [...found.filter(hasInterval), ...found.filter((one) => !hasInterval(one))];
}

/** The names of the bounds of a metric that is a map of mean, low and high. */
const boundNames = ({ intervals = {} }: InstanceMetrics): readonly string[] =>
  Object.keys(intervals).flatMap((name) =>
    /(^|\.)mean$/.test(name) ? [name.replace(/mean$/, 'low'), name.replace(/mean$/, 'high')] : [],
  );

/** The table shows so many metrics of an instance; the others are counted. */
const mostMetrics = 8;

/** A diff as Markdown, for pull requests. `names`: what the two moments are called. */
export function metricsDiffText(
  { changed, params, added, gone, same }: MetricsDiff,
  names: { readonly before: string; readonly after: string },
): string {
  const shown = [...new Set(changed.map(({ instance }) => instance))].flatMap((each) =>
    changed.filter(({ instance }) => instance === each).slice(0, mostMetrics),
  );
  const left = changed.length - shown.length;
  const table = [
    `| instance | metric | ${names.before} | ${names.after} | change |`,
    '| --- | --- | --- | --- | ---: |',
    ...shown.map(
      ({ instance, metric, before, after, change, intervalBefore, intervalAfter }) =>
        `| ${cell(instance)} | ${cell(metric)} | ${valueText(before, intervalBefore)} | ` +
        `${valueText(after, intervalAfter)} | ${changeText(change)} |`,
    ),
  ];
  const paragraphs = [
    ...(shown.length === 0 ? ['No metric changed.'] : [table.join('\n')]),
    ...(left > 0 ? [`${left} more metrics changed: choose with \`--columns\`, or see \`--json\`.`] : []),
    ...(params.length === 0
      ? []
      : [
          [
            '| instance | param | before | after |',
            '| --- | --- | --- | --- |',
            ...params.map(
              ({ instance, param, before, after }) =>
                `| ${cell(instance)} | ${cell(param)} | ${paramText(before)} | ${paramText(after)} |`,
            ),
          ].join('\n'),
        ]),
    ...listed(`Only in ${names.after}`, added),
    ...listed(`Only in ${names.before}`, gone),
    ...listed('Unchanged', same),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

const listed = (title: string, instances: readonly string[]): readonly string[] =>
  instances.length === 0 ? [] : [`${title}: ${instances.map(cell).join(', ')}`];

/** As code, which no sign of Markdown ends. */
const cell = (text: string): string =>
  `\`${text.replaceAll('`', "'").replaceAll('|', '\\|').replaceAll('\n', ' ')}\``;

const paramText = (value: Value | undefined): string =>
  value === undefined ? '' : cell(JSON.stringify(value));

const valueText = (value: MetricValue, interval: Interval | undefined): string =>
  interval === undefined
    ? metricText(value)
    : `${metricText(value)} (${metricText(interval[0])} to ${metricText(interval[1])})`;

const changeText = (change: number): string => `${change >= 0 ? '+' : ''}${metricText(change)}`;
