import { changed, go } from '../../address.ts';
import { Scatter } from '../../charts/scatter.tsx';
import { Select } from '../../parts.tsx';
import { type ExperimentRow, shownMetrics } from './experiment-rows.ts';
import type { ExperimentView } from './experiment-view.ts';

/** Two metrics, or a metric and a setting, a point a model. */
export function ScatterView(
  props: Omit<ExperimentView, 'metrics'> & {
    /** Of all metrics. */
    readonly names: readonly string[];
  },
) {
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
