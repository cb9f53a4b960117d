import { shellQuoted } from '../../../runner/wording/shell-quoted.ts';
import type { ExperimentsAnswer } from '../../../pages/result-answers.ts';
import { changed, linkTo, go } from '../address.ts';
import {
  differingSettings,
  type ExperimentRow,
  experimentRows,
  haveSeeds,
  isBestLow,
  shownMetrics,
  metricNamesOf,
  type RowMetric,
  shortNames,
  sortedRows,
} from './experiment-table.ts';
import { ParallelCoordinates } from '../charts/parallel-coordinates.tsx';
import { ChoiceMenu } from '../choice-menu.tsx';
import { numberText } from '../number-text.ts';
import { Choice, Command, Empty, PageHead, Select, WaitingPage } from '../parts.tsx';
import { Scatter } from '../charts/scatter.tsx';
import { hasPage } from '../port/data-port.ts';
import { endsRun } from '../use-live.ts';
import { useLiveAnswer } from '../use-live-answer.ts';
import { VirtualRows } from '../virtual-rows.tsx';

/** One row a model: the params in which the models differ, and their metrics with intervals. */
export function ExperimentsPage({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem, isLoading } = useLiveAnswer<ExperimentsAnswer>('/api/experiments', endsRun);
  if (answer === undefined)
    return <WaitingPage title="Experiments" problem={problem} isLoading={isLoading} />;
  const isGrouped = query.get('group') === 'seed';
  const all = experimentRows(answer.models, { isGrouped });
  const hidden = new Set(query.getAll('hide'));
  const filter = (query.get('find') ?? '').toLowerCase();
  const labels = chosenLabels(query);
  const kept = all.filter(
    (row) => !hidden.has(row.name) && rowText(row).includes(filter) && hasLabels(row, labels),
  );
  const names = metricNamesOf(all);
  const chosen = query.getAll('metric').filter((name) => names.includes(name));
  const metrics = chosen.length > 0 ? chosen : shownMetrics(all);
  const settings = differingSettings(kept);
  const short = shortNames([...names, ...settings]);
  const sort = query.get('sort') ?? '';
  const isDescending = query.get('order') === 'down';
  const rows = sortedRows(kept, sort, isDescending);
  const view = query.get('view') ?? 'table';
  return (
    <>
      <PageHead
        title="Experiments"
        text={
          `${kept.length} of ${all.length} ` +
          `${isGrouped ? 'points' : 'models'}, by the params in which they differ`
        }
      >
        <Command text={metricsCommand(metrics, sort)} />
      </PageHead>
      {answer.warnings.map((text) => (
        <p key={text} class="notice">
          {text}
        </p>
      ))}
      {all.length === 0 && (
        <Empty>No result has metrics yet. Instances with an out of kind “metrics” appear here.</Empty>
      )}
      {all.length > 0 && (
        <>
          <div class="bar">
            <Choice
              label="View"
              options={[
                ['table', 'Table'],
                ['parallel', 'Parallel coordinates'],
                ['scatter', 'Scatter'],
              ]}
              value={view}
              onChoose={(value) => go(changed(query, { view: value === 'table' ? undefined : value }))}
            />
            {labelAxes(all).map(({ axis, values }) => (
              <Select
                key={axis}
                label={axis}
                options={[['', 'all'], ...values.map((value) => [value, value] as const)]}
                value={labels.get(axis) ?? ''}
                onChoose={(value) =>
                  go(
                    changed(query, {
                      label: [...labels.set(axis, value)].flatMap(([name, label]) =>
                        label === '' ? [] : [`${name}=${label}`],
                      ),
                    }),
                  )
                }
              />
            ))}
            <label class="field">
              <span>Filter</span>
              <input
                type="search"
                value={query.get('find') ?? ''}
                onInput={(event) => go(changed(query, { find: event.currentTarget.value }), 'replace')}
              />
            </label>
            {haveSeeds(answer.models) && (
              <button
                type="button"
                aria-pressed={isGrouped}
                class="toggle"
                onClick={() => go(changed(query, { group: isGrouped ? undefined : 'seed', hide: [] }))}
              >
                Group by seed
              </button>
            )}
            {view !== 'scatter' && (
              <ChoiceMenu
                title={`Metrics (${metrics.length})`}
                names={names}
                chosen={metrics}
                onChoose={(next) => go(changed(query, { metric: next }), 'replace')}
              />
            )}
            {hidden.size > 0 && (
              <button type="button" onClick={() => go(changed(query, { hide: [] }))}>
                Show {hidden.size} hidden
              </button>
            )}
          </div>
          {view === 'table' && (
            <ExperimentTable
              rows={rows}
              settings={settings}
              metrics={metrics}
              short={short}
              query={query}
              order={{ sort, isDescending }}
              notes={answer.notes}
            />
          )}
          {view === 'parallel' && (
            <ParallelView rows={rows} settings={settings} metrics={metrics} short={short} query={query} />
          )}
          {view === 'scatter' && (
            <ScatterView rows={rows} settings={settings} names={names} short={short} query={query} />
          )}
        </>
      )}
    </>
  );
}

/** Axes with few labels, so that a table can be of one data set alone. */
function labelAxes(
  rows: readonly ExperimentRow[],
): readonly { readonly axis: string; readonly values: readonly string[] }[] {
  const axes = new Map<string, Set<string>>();
  for (const { models } of rows)
    for (const [axis, label] of Object.entries(models[0]?.labels ?? {}))
      axes.set(axis, (axes.get(axis) ?? new Set()).add(label));
  return [...axes].flatMap(([axis, values]) =>
    values.size > 1 && values.size <= rows.length / 2 && values.size <= 20
      ? [{ axis, values: [...values] }]
      : [],
  );
}

const chosenLabels = (query: URLSearchParams): Map<string, string> =>
  new Map(
    query.getAll('label').map((text) => {
      const [axis = '', ...label] = text.split('=');
      return [axis, label.join('=')] as const;
    }),
  );

const hasLabels = ({ models }: ExperimentRow, labels: ReadonlyMap<string, string>): boolean =>
  [...labels].every(([axis, label]) => label === '' || models[0]?.labels[axis] === label);

const rowText = ({ name, settings }: ExperimentRow): string =>
  `${name} ${Object.entries(settings)
    .map(([setting, value]) => `${setting}=${value}`)
    .join(' ')}`.toLowerCase();

const metricsCommand = (metrics: readonly string[], sort: string): string =>
  ['pipeline metrics', ...(metrics.length > 0 ? [`--columns ${quoted(metrics.join(','))}`] : [])]
    .concat(sort === '' ? [] : [`--sort ${quoted(sort)}`])
    .join(' ');

const quoted = (text: string): string => (/^[\w.,-]+$/.test(text) ? text : shellQuoted(text));

interface TableProps {
  readonly rows: readonly ExperimentRow[];
  readonly settings: readonly string[];
  readonly metrics: readonly string[];
  readonly short: (name: string) => string;
  readonly query: URLSearchParams;
}

function ExperimentTable(
  props: TableProps & {
    readonly order: { readonly sort: string; readonly isDescending: boolean };
    readonly notes: readonly string[];
  },
) {
  const { rows, settings, metrics, short, query, order, notes } = props;
  const rule = rows.flatMap(({ models }) => models.flatMap(({ best }) => best ?? [])).at(0);
  const ranges = new Map(metrics.map((name) => [name, rangeOf(rows, name)]));
  const heading = (name: string, text: string, isNumber: boolean) => {
    const isSorted = order.sort === name;
    const down = isSorted ? !order.isDescending : isNumber && !isBestLow(name) && metrics.includes(name);
    const address = changed(query, { sort: name, order: down ? 'down' : undefined });
    return (
      <th
        key={name}
        scope="col"
        class={isNumber ? 'number' : ''}
        aria-sort={isSorted ? (order.isDescending ? 'descending' : 'ascending') : undefined}
      >
        <a {...linkTo(address)} title={name === '' ? 'by name' : name}>
          <BrokenName text={text} />
          <span aria-hidden="true">{isSorted ? (order.isDescending ? ' ↓' : ' ↑') : ''}</span>
        </a>
      </th>
    );
  };
  const hasBounds = metrics.some((name) => rows.some(({ metrics: { [name]: metric } }) => isSpread(metric)));
  const hasSeeds = rows.some(({ models }) => models.length > 1);
  const hasRanges = rows.some(({ metrics: all }) => metrics.some((name) => all[name]?.isRange === true));
  return (
    <>
      <VirtualRows
        label="Models with their params and metrics"
        class="experiments"
        columns={settings.length + metrics.length + 2}
        widths={[
          `${longest(rows.map(({ name }) => name)) + 3}ch`,
          ...settings.map((name) => `${Math.min(20, longest(rows.map((row) => row.settings[name])) + 3)}ch`),
        ]}
        rowHeight={hasBounds ? 56 : 40}
        rows={rows}
        head={
          <>
            {heading('', 'Model', false)}
            {settings.map((name) => heading(name, short(name), false))}
            {metrics.map((name) => heading(name, short(name), true))}
            <th scope="col">
              <span class="hidden-text">Hide</span>
            </th>
          </>
        }
        keyOf={({ name }) => name}
        cells={(row) => (
          <>
            <th scope="row">
              <ModelName row={row} />
            </th>
            {settings.map((name) => (
              <td key={name} class="setting" title={row.settings[name]}>
                {row.settings[name] ?? ''}
              </td>
            ))}
            {metrics.map((name) => (
              <td key={name} class="number">
                <MetricCell metric={row.metrics[name]} range={ranges.get(name)} />
              </td>
            ))}
            <td>
              <button
                type="button"
                class="quiet"
                aria-label={`Hide ${row.name}`}
                title="Hide this row"
                onClick={() => go(changed(query, { hide: [...query.getAll('hide'), row.name] }))}
              >
                ×
              </button>
            </td>
          </>
        )}
      />
      <p class="note muted">
        {rule === undefined ? (
          <>
            No model is marked as the best: set <code>best</code> in the pipeline file to choose a
            metric.{' '}
          </>
        ) : (
          <>
            ★ the best by {rule} (<code>best</code> in the pipeline file).{' '}
          </>
        )}
        {rows.some(({ models }) => models.some(({ isTied }) => isTied)) &&
          '~ no significant difference from the best in the metric of the ranking, ' +
            'row by row (p at least 0.05). '}
        {rows.some(({ models }) => models.some(({ isAdopted }) => isAdopted)) &&
          '† adopted: existing files that no run computed. '}
        Below a score: its 95 % interval from the metrics file
        {hasRanges && ' (with fewer than 10 rows, their range)'}.
        {hasSeeds &&
          ' With several seeds: their mean ± sample standard deviation; below it the 95 % interval ' +
            'over seeds and rows, if the metrics files state an interval and the number of rows.'}
        {notes.map((text) => ` ${text}`)}
      </p>
    </>
  );
}

const longest = (texts: readonly (string | undefined)[]): number =>
  texts.reduce((most, text = '') => Math.max(most, text.length), 0);

/** Whether there is something to show below a value. */
const isSpread = (metric: RowMetric | undefined): boolean =>
  metric !== undefined &&
  (Number.isFinite(metric.deviation) || (Number.isFinite(metric.low) && Number.isFinite(metric.high)));

/** The part before the last dot goes above the name, to keep the column narrow. */
function BrokenName({ text }: { readonly text: string }) {
  const dot = text.lastIndexOf('.');
  if (dot === -1) return <>{text}</>;
  return (
    <>
      <small>{text.slice(0, dot + 1)}</small>
      <br />
      {text.slice(dot + 1)}
    </>
  );
}

function ModelName({ row }: { readonly row: ExperimentRow }) {
  const [first] = row.models;
  if (first === undefined) return null;
  const address = `/graph?instance=${encodeURIComponent(first.instance)}`;
  return (
    <>
      {hasPage('/graph') ? (
        <a {...linkTo(address)} class="name">
          {row.name}
        </a>
      ) : (
        <span class="name">{row.name}</span>
      )}
      {first.best !== undefined && (
        <span class="best" title={`the best by ${first.best}`}>
          {' '}
          <span aria-hidden="true">★</span>
          <span class="hidden-text">the best by {first.best}</span>
        </span>
      )}
      {row.models.some(({ isTied }) => isTied) && <Mark sign="~" text="does not differ from the best" />}
      {row.models.some(({ isAdopted }) => isAdopted) && <Mark sign="†" text="adopted" />}
      {row.models.some(({ outdated }) => outdated.length > 0) && (
        <span class="state state-out-of-date" title={first.outdated.join(', ')}>
          out of date
        </span>
      )}
    </>
  );
}

/** Read aloud as its text. */
const Mark = ({ sign, text }: { readonly sign: string; readonly text: string }) => (
  <span title={text}>
    {' '}
    <span aria-hidden="true">{sign}</span>
    <span class="hidden-text">{text}</span>
  </span>
);

type Range = readonly [low: number, high: number];

function rangeOf(rows: readonly ExperimentRow[], name: string): Range | undefined {
  const ends = rows.flatMap(({ metrics }) => {
    const { value = Number.NaN, low = Number.NaN, high = Number.NaN } = metrics[name] ?? {};
    return [value, low, high].filter(Number.isFinite);
  });
  const range: Range = [Math.min(...ends), Math.max(...ends)];
  return range[0] < range[1] ? range : undefined;
}

function MetricCell(props: { readonly metric: RowMetric | undefined; readonly range: Range | undefined }) {
  const { metric, range } = props;
  if (metric === undefined) return null;
  const { value, low, high, deviation, isRange } = metric;
  const hasInterval = Number.isFinite(low) && Number.isFinite(high);
  return (
    <div class="metric">
      <span>
        {numberText(value)}
        {Number.isFinite(deviation) && <small class="muted"> ± {numberText(deviation)}</small>}
      </span>
      {hasInterval && (
        <small class="muted">
          {numberText(low)} – {numberText(high)}
          {isRange && ' (range)'}
        </small>
      )}
      {range !== undefined && <IntervalBar metric={metric} range={range} />}
    </div>
  );
}

/** Where a value and its interval lie between the least and the greatest of the column. */
function IntervalBar({
  metric,
  range: [least, most],
}: {
  readonly metric: RowMetric;
  readonly range: Range;
}) {
  const place = (value: number): number => ((value - least) / (most - least)) * 100;
  const { value, low, high } = metric;
  return (
    <svg class="interval" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect x="0" y="2.5" width="100" height="1" class="ground" />
      {Number.isFinite(low) && Number.isFinite(high) && (
        <rect x={place(low)} y="1.5" width={Math.max(1, place(high) - place(low))} height="3" class="span" />
      )}
      <rect x={Math.max(0, Math.min(97.5, place(value) - 1.2))} y="0" width="2.5" height="6" class="value" />
    </svg>
  );
}

function ParallelView({ rows, settings, metrics, short, query }: TableProps) {
  const metric = query.get('by') ?? metrics.find((name) => !isBestLow(name)) ?? metrics[0] ?? '';
  return (
    <figure class="chart-box">
      <div class="bar">
        <Select
          label="Color and last axis"
          options={metrics.map((name) => [name, short(name)])}
          value={metric}
          onChoose={(value) => go(changed(query, { by: value }), 'replace')}
        />
      </div>
      <ParallelCoordinates
        axes={[
          ...settings.map((name) => ({ name, title: short(name) })),
          { name: metric, title: short(metric) },
        ]}
        lines={rows.map((row) => ({
          name: row.name,
          values: Object.fromEntries([
            ...settings.map((name) => [name, row.settings[name]] as const),
            [metric, row.metrics[metric]?.value] as const,
          ]),
        }))}
      />
    </figure>
  );
}

function ScatterView(props: {
  readonly rows: readonly ExperimentRow[];
  readonly settings: readonly string[];
  readonly names: readonly string[];
  readonly short: (name: string) => string;
  readonly query: URLSearchParams;
}) {
  const { rows, settings, names, short, query } = props;
  const numeric = settings.filter((name) =>
    rows.every(({ settings: { [name]: value = '' } }) => value !== '' && Number.isFinite(Number(value))),
  );
  const leading = shownMetrics(rows);
  const x = query.get('x') ?? leading[0] ?? names[0] ?? '';
  const y = query.get('y') ?? leading[1] ?? names[1] ?? '';
  const options = [...numeric, ...names].map((name) => [name, name] as const);
  return (
    <figure class="chart-box">
      <div class="bar">
        <Select
          label="X axis"
          options={options}
          value={x}
          onChoose={(value) => go(changed(query, { x: value }), 'replace')}
        />
        <Select
          label="Y axis"
          options={options}
          value={y}
          onChoose={(value) => go(changed(query, { y: value }), 'replace')}
        />
      </div>
      <Scatter
        x={short(x)}
        y={short(y)}
        points={rows.map((row) => ({ name: row.name, x: valueOf(row, x), y: valueOf(row, y) }))}
      />
    </figure>
  );
}

/** Of a metric or a setting. */
const valueOf = (row: ExperimentRow, name: string): number =>
  row.metrics[name]?.value ?? (row.settings[name] === undefined ? Number.NaN : Number(row.settings[name]));
