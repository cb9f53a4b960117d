import { pluralize } from '../../../../runner/wording/pluralize.ts';
import type { EvaluationsAnswer } from '../../../../pages/result-answers.ts';
import { changed, go } from '../../address.ts';
import { Command, Empty, PageHead, Waiting } from '../../parts.tsx';
import { useAnswer } from '../../use-answer.ts';
import { AnswerRows } from './answer-rows.tsx';
import { profileIn, viewOf } from './answer-view.ts';
import type { ChangeView } from './change-view.ts';
import { Comparison } from './comparison.tsx';
import { ModelsBar } from './models-bar.tsx';
import { RowsBar } from './rows-bar.tsx';

/** Each test row with its reference and the answers of models, and the comparison of two of them. */
export function AnswersPage({ query }: { readonly query: URLSearchParams }) {
  const {
    answer: known,
    problem,
    isLoading,
  } = useAnswer<EvaluationsAnswer>(`/api/evaluations?profile=${profileIn(query)}`);
  const sets = known?.sets ?? [];
  const set =
    sets.find(({ id }) => id === query.get('set')) ??
    sets.find(({ evaluations }) => evaluations.some(({ instance }) => instance === query.get('a'))) ??
    sets[0];
  if (known === undefined || set === undefined)
    return (
      <>
        <PageHead title="Answers" />
        <Waiting problem={problem} isLoading={isLoading} />
        {known !== undefined && (
          <Empty>
            No model has been evaluated yet. Outs “predictions” (JSON Lines with question, prediction and
            reference) appear here.
          </Empty>
        )}
        <Faults faults={known?.faults ?? []} />
      </>
    );
  const view = viewOf(query, set);
  const { a, b, compared } = view.models;
  const change: ChangeView = (changes, how = 'push') =>
    go(changed(query, { page: undefined, ...changes }), how);
  return (
    <>
      <PageHead
        title="Answers"
        text={`${pluralize(set.rows, 'test row')}, answered by ${pluralize(set.evaluations.length, 'model')}`}
      >
        {compared.length === 2 && (
          <Command
            command={view.profile === 'multilingual' ? 'compare' : `compare --profile ${view.profile}`}
            names={compared}
          />
        )}
      </PageHead>
      <Faults faults={known.faults} />
      <ModelsBar sets={sets} set={set} view={view} change={change} />
      {compared.length === 2 && a !== b && (
        <Comparison a={a} b={b} score={view.score} profile={view.profile} />
      )}
      <RowsBar set={set} view={view} change={change} />
      <AnswerRows view={view} query={query} />
    </>
  );
}

function Faults({ faults }: { readonly faults: readonly string[] }) {
  return faults.length === 0 ? null : <pre class="problem">{faults.join('\n')}</pre>;
}
