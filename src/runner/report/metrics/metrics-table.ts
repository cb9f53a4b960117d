import type { MetricValue, ResultState } from '../../answers/results.ts';
import { textWidth } from '../../wording/text-width.ts';
import { fitting, mostTelling } from './fitting-columns.ts';
import { headingsOf } from './headings-of.ts';
import { type MeasuredInstance, metricNames, metricOf } from './measured-instance.ts';
import { type Column, metricColumn } from './metric-column.ts';
import { matching } from './named-columns.ts';
import { type Settings, settingsOf, settingText } from './settings-of.ts';

interface MetricsTable {
  /** The heading and a row an instance; the best by the pipeline file's `best` has a star. */
  readonly rows: readonly (readonly string[])[];
  /** Metrics that all instances have the same value of. */
  readonly same: readonly { readonly name: string; readonly value: MetricValue }[];
  /** Metrics, and params in which instances differ, that are not shown, since there are many. */
  readonly left: { readonly metrics: readonly string[]; readonly settings: readonly string[] };
}

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

const stateSuffix: Readonly<Record<ResultState, string>> = {
  'up-to-date': '',
  'out-of-date': ' (out of date)',
  'not-cached': ' (not cached)',
};

function sharedValue(measured: readonly MeasuredInstance[], name: string): MetricsTable['same'] {
  const [value, ...others] = new Set(measured.map((row) => metricOf(row, name)));
  return value === undefined || others.length > 0 ? [] : [{ name, value }];
}

/** The params and the values of axes, nested ones by path, that are not the same everywhere. */
function differingSettings(measured: readonly MeasuredInstance[], settings: Settings): readonly Column[] {
  const columns = settings.names.map((name) => ({
    name,
    of: (row: MeasuredInstance) => settingText(settings.of(row, name) ?? ''),
  }));
  return columns.filter(({ of }) => new Set(measured.map(of)).size > 1);
}
