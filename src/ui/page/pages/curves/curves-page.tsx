import type { CurvesAnswer } from '../../../../pages/result-answers.ts';
import { Command, Empty, PageHead, WaitingPage } from '../../parts.tsx';
import { useLiveAnswer } from '../../use-live-answer.ts';
import { changesStates } from '../../use-live.ts';
import { InstanceChoice } from './instance-choice.tsx';
import { CurveCharts } from './curve-charts.tsx';

/** So many are drawn until others are chosen. */
const mostAtFirst = 6;

/** What instances report by step: the loss, the learning rate; as it comes while they run. */
export function CurvesPage({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem, isLoading } = useLiveAnswer<CurvesAnswer>('/api/curves', changesStates);
  if (answer === undefined) return <WaitingPage title="Curves" problem={problem} isLoading={isLoading} />;
  const all = answer.curves.filter(({ isRunning, hasResult }) => isRunning || hasResult);
  const requested = query.getAll('of').filter((name) => all.some(({ instance }) => instance === name));
  const running = all.filter(({ isRunning }) => isRunning);
  const first = [...running, ...all.filter(({ isRunning }) => !isRunning)].slice(0, mostAtFirst);
  const chosen = requested.length > 0 ? requested : first.map(({ instance }) => instance);
  return (
    <>
      <PageHead
        title="Curves"
        text={
          `${chosen.length} of ${all.length} ${all.length === 1 ? 'instance' : 'instances'} with an ` +
          'out of kind “series”'
        }
      >
        {chosen[0] !== undefined && <Command command="log" names={[chosen[0]]} />}
      </PageHead>
      {all.length === 0 ? (
        <Empty>
          No values by step yet. Stages report them with an out of kind “series” or with metric messages.
        </Empty>
      ) : (
        <div class="with-side">
          <InstanceChoice all={all} chosen={chosen} query={query} />
          <CurveCharts chosen={chosen} query={query} />
        </div>
      )}
    </>
  );
}
