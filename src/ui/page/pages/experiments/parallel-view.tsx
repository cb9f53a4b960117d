import { changed, go } from '../../address.ts';
import { ParallelCoordinates } from '../../charts/parallel-coordinates.tsx';
import { Select } from '../../parts.tsx';
import { isBestLow } from './experiment-rows.ts';
import type { ExperimentView } from './experiment-view.ts';

/** The settings of all models and a metric, a line a model. */
export function ParallelView({ rows, settings, metrics, short, query }: ExperimentView) {
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
