import type { ExperimentsAnswer } from '../../../../pages/result-answers.ts';
import { Command, Empty, PageHead, WaitingPage } from '../../parts.tsx';
import { useLiveAnswer } from '../../use-live-answer.ts';
import { endsRun } from '../../use-live.ts';
import {
  differingSettings,
  experimentRows,
  haveSeeds,
  metricNamesOf,
  shortNames,
  shownMetrics,
  sortedRows,
} from './experiment-rows.ts';
import { ExperimentsBar } from './experiments-bar.tsx';
import { ExperimentsTable } from './experiments-table.tsx';
import { metricsCommand } from './metrics-command.ts';
import { ParallelView } from './parallel-view.tsx';
import { filteredRows } from './row-filter.ts';
import { ScatterView } from './scatter-view.tsx';

/** One row a model: the params in which the models differ, and their metrics with intervals. */
export function ExperimentsPage({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem, isLoading } = useLiveAnswer<ExperimentsAnswer>('/api/experiments', endsRun);
  if (answer === undefined)
    return <WaitingPage title="Experiments" problem={problem} isLoading={isLoading} />;
  const isGrouped = query.get('group') === 'seed';
  const all = experimentRows(answer.models, { isGrouped });
  const kept = filteredRows(all, query);
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
        <Command command={metricsCommand(metrics, sort)} />
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
          <ExperimentsBar
            query={query}
            rows={all}
            names={names}
            metrics={metrics}
            hasSeeds={haveSeeds(answer.models)}
          />
          {view === 'table' && (
            <ExperimentsTable
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
