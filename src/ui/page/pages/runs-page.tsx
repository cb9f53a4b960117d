import { useEffect, useState } from 'preact/hooks';
import { commitText } from '../../../runner/report/history-text.ts';
import { durationText } from '../../../runner/wording/duration-text.ts';
import { pluralize } from '../../../runner/wording/pluralize.ts';
import type { RunsAnswer } from '../../api.ts';
import { changed, linkTo } from '../address.ts';
import {
  Command,
  Counts,
  Empty,
  TimeAgo,
  PageHead,
  State,
  useCommandText,
  useNow,
  Waiting,
} from '../parts.tsx';
import { RunView } from '../run-view.tsx';
import { startedFromText } from '../started-from-text.ts';
import { dateTimeText } from '../time-text.ts';
import { port } from '../port/data-port.ts';
import { endsRun, startsRun } from '../use-live.ts';
import { useLiveAnswer } from '../use-live-answer.ts';
import { VirtualRows } from '../virtual-rows.tsx';

/** The runs, the newest first; with `run` in the query, one of them. */
export function RunsPage({ query }: { readonly query: URLSearchParams }) {
  const run = query.get('run');
  return run === null ? <RunList query={query} /> : <RunView run={run} query={query} />;
}

function RunList({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem, isLoading } = useLiveAnswer<RunsAnswer>(
    '/api/runs?limit=100',
    (live) => startsRun(live) || endsRun(live),
  );
  const [older, setOlder] = useState<RunsAnswer>({ runs: [], more: false });
  const [isFetching, setIsFetching] = useState(false);
  useEffect(() => setOlder({ runs: [], more: answer?.more ?? false }), [answer]);
  const runs = [...(answer?.runs ?? []), ...older.runs];
  const now = useNow(true);
  const fetchOlder = (): void => {
    setIsFetching(true);
    port
      .answer<RunsAnswer>(`/api/runs?limit=200&before=${encodeURIComponent(runs.at(-1)?.run ?? '')}`)
      .then(({ runs: found, more }) => setOlder((known) => ({ runs: [...known.runs, ...found], more })))
      .catch(() => undefined)
      .finally(() => setIsFetching(false));
  };
  const runText = useCommandText('run');
  return (
    <>
      <PageHead
        title="Runs"
        text={
          runs.length === 0
            ? undefined
            : `${pluralize(runs.length, 'run')}${older.more ? ' and more' : ''}, the newest first`
        }
      >
        <Command command="history" />
      </PageHead>
      <Waiting problem={problem} isLoading={isLoading && answer === undefined} />
      {answer !== undefined && runs.length === 0 && (
        <Empty>
          Nothing has run yet. Start with <code>{runText}</code>: what happens appears here.
        </Empty>
      )}
      {runs.length > 0 && (
        <VirtualRows
          label="Runs"
          columns={6}
          rowHeight={44}
          rows={runs}
          head={
            <>
              <th scope="col">State</th>
              <th scope="col">Run</th>
              <th scope="col">Started</th>
              <th scope="col" class="number">
                Time
              </th>
              <th scope="col">Commit</th>
              <th scope="col">Instances</th>
            </>
          }
          keyOf={({ run }) => run}
          cells={({ run, state, startedAt, finishedAt, counts, pipeline, startedFrom }) => {
            const address = changed(query, { run });
            return (
              <>
                <td>
                  <State state={state} />
                </td>
                <td>
                  <a {...linkTo(address)} class="name">
                    {run}
                  </a>{' '}
                  <span class="muted wide-only">{pipeline}</span>
                </td>
                <td>
                  <span class="wide-only">{dateTimeText(startedAt)} · </span>
                  <TimeAgo at={startedAt} now={now} />
                </td>
                <td class="number">
                  {finishedAt === undefined
                    ? state === 'running'
                      ? durationText((now - startedAt) / 1000)
                      : '–'
                    : durationText((finishedAt - startedAt) / 1000)}
                </td>
                <td title={startedFrom === undefined ? undefined : startedFromText(startedFrom)}>
                  <span class="name">{commitText(startedFrom?.commit)}</span>
                </td>
                <td>
                  <Counts counts={Object.entries(counts)} />
                </td>
              </>
            );
          }}
        />
      )}
      {older.more && (
        <p>
          <button type="button" disabled={isFetching} onClick={fetchOlder}>
            Older runs
          </button>
        </p>
      )}
    </>
  );
}
