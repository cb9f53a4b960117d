import { changed, go, linkTo } from '../../address.ts';
import { VirtualRows } from '../../virtual-rows.tsx';
import { isBestLow, type RowMetric } from './experiment-rows.ts';
import type { ExperimentView } from './experiment-view.ts';
import { MetricCell, rangeOf } from './metric-cell.tsx';
import { ModelName } from './model-name.tsx';

/** A row a model, sorted by a click on a heading. */
export function ExperimentsTable(
  props: ExperimentView & {
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
