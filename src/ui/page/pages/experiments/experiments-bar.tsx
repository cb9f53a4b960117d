import { changed, go } from '../../address.ts';
import { ChoiceMenu } from '../../choice-menu.tsx';
import { Choice, Select } from '../../parts.tsx';
import type { ExperimentRow } from './experiment-rows.ts';
import { chosenLabels, labelAxes } from './row-filter.ts';

/** What the page shows and how, as its query says. */
export function ExperimentsBar(props: {
  readonly query: URLSearchParams;
  /** All rows, before any filter. */
  readonly rows: readonly ExperimentRow[];
  /** Of all metrics, and of those that are shown. */
  readonly names: readonly string[];
  readonly metrics: readonly string[];
  /** Whether models differ by seed alone. */
  readonly hasSeeds: boolean;
}) {
  const { query, rows, names, metrics, hasSeeds } = props;
  const view = query.get('view') ?? 'table';
  const labels = chosenLabels(query);
  const isGrouped = query.get('group') === 'seed';
  const hidden = new Set(query.getAll('hide'));
  return (
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
      {labelAxes(rows).map(({ axis, values }) => (
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
      {hasSeeds && (
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
  );
}
