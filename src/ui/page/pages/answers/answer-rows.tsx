import { pluralize } from '../../../../runner/wording/pluralize.ts';
import type { AnswersAnswer } from '../../../../pages/result-answers.ts';
import { changed, go } from '../../address.ts';
import { Empty, Waiting } from '../../parts.tsx';
import { useAnswer } from '../../use-answer.ts';
import { AnswerRow } from './answer-row.tsx';
import { addressOf, type AnswerView, rowsOfPage } from './answer-view.ts';

/** A page of the rows that a view shows. */
export function AnswerRows({ view, query }: { readonly view: AnswerView; readonly query: URLSearchParams }) {
  const { answer, problem, isLoading } = useAnswer<AnswersAnswer>(addressOf(view));
  if (answer === undefined) return <Waiting problem={problem} isLoading={isLoading} />;
  const pagesInAll = Math.max(1, Math.ceil(answer.matching / rowsOfPage));
  return (
    <>
      <div class="bar">
        <p class="muted" role="status">
          {answer.matching === answer.total
            ? pluralize(answer.total, 'row')
            : `${answer.matching} of ${pluralize(answer.total, 'row')}`}
          {answer.leftOut > 0 &&
            '. This report holds the worst answers of each model: the texts of ' +
              `${pluralize(answer.leftOut, 'other row')} would make it too large; scores and ` +
              'comparisons are of all rows'}
        </p>
        <Pager label="Pages of rows" page={view.page} pages={pagesInAll} query={query} />
      </div>
      {answer.matching === 0 && <Empty>No row matches.</Empty>}
      <ol class={isLoading ? 'answers stale' : 'answers'}>
        {answer.rows.map((row) => (
          <AnswerRow key={row.row} row={row} view={view} />
        ))}
      </ol>
      {answer.rows.length > 5 && (
        <Pager label="Pages of rows, below them" page={view.page} pages={pagesInAll} query={query} />
      )}
    </>
  );
}

function Pager(props: {
  readonly label: string;
  readonly page: number;
  readonly pages: number;
  readonly query: URLSearchParams;
}) {
  const { page, pages, query } = props;
  if (pages === 1) return null;
  const toPage = (next: number): void => go(changed(query, { page: next === 1 ? undefined : String(next) }));
  return (
    <nav class="pager" aria-label={props.label}>
      <button type="button" disabled={page <= 1} onClick={() => toPage(page - 1)}>
        Previous
      </button>
      <span>
        {page} of {pages}
      </span>
      <button type="button" disabled={page >= pages} onClick={() => toPage(page + 1)}>
        Next
      </button>
    </nav>
  );
}
