import { useState } from 'preact/hooks';
import { pluralize } from '../../../runner/wording/pluralize.ts';
import { shellQuoted } from '../../../runner/wording/shell-quoted.ts';
import type {
  AnswerRow,
  AnswersAnswer,
  CompareAnswer,
  EvaluationsAnswer,
  ModelAnswerText,
} from '../../../pages/result-answers.ts';
import { changed, go } from '../address.ts';
import { ChoiceMenu } from '../choice-menu.tsx';
import { DifferenceBars } from '../charts/difference-bars.tsx';
import { nameOfSet } from '../instance-labels.ts';
import { numberOf, numberText, signedText } from '../number-text.ts';
import { Choice, Command, Empty, PageHead, Select, Waiting } from '../parts.tsx';
import { port } from '../port/data-port.ts';
import { useAnswer } from '../use-answer.ts';
import { type Piece, wordDiff } from '../word-diff.ts';

const rowsOfPage = 25;

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
  const instances = set.evaluations.map(({ instance }) => instance);
  const named = (name: string, otherwise: string | undefined): string => {
    const requested = query.get(name);
    return requested === 'none' || (requested !== null && instances.includes(requested))
      ? requested
      : (otherwise ?? 'none');
  };
  const a = named('a', instances[0]);
  const b = named(
    'b',
    instances.find((instance) => instance !== a),
  );
  const compared = [a, b].filter((model) => model !== 'none');
  const others = instances.filter((instance) => !compared.includes(instance));
  const requested = query.getAll('also');
  const also = others.filter((instance, place) =>
    requested.length === 0 ? place + compared.length < mostAtFirst : requested.includes(instance),
  );
  const view: AnswerView = {
    models: [...compared, ...also],
    hasB: b !== 'none',
    profile: profileIn(query),
    show: query.get('show') ?? 'all',
    slot: query.get('slot') ?? '',
    find: query.get('find') ?? '',
    least: query.get('least') ?? '',
    most: query.get('most') ?? '',
    score: query.get('score') ?? (set.scores.includes('rougeL') ? 'rougeL' : (set.scores[0] ?? '')),
    sort: query.get('sort') ?? 'worst',
    page: Math.max(1, Number(query.get('page') ?? '1') || 1),
  };
  const change = (changes: Parameters<typeof changed>[1], how: 'push' | 'replace' = 'push'): void =>
    go(changed(query, { page: undefined, ...changes }), how);
  return (
    <>
      <PageHead
        title="Answers"
        text={`${pluralize(set.rows, 'test row')}, answered by ${pluralize(instances.length, 'model')}`}
      >
        {compared.length === 2 && (
          <Command
            text={[
              'pipeline compare',
              ...compared.map((model) => shellQuoted(model)),
              ...(view.profile === 'multilingual' ? [] : [`--profile ${view.profile}`]),
            ].join(' ')}
          />
        )}
      </PageHead>
      <Faults faults={known.faults} />
      <div class="bar">
        {sets.length > 1 && (
          <Select
            label="Test rows of"
            options={sets.map(({ id, evaluations, rows }) => [
              id,
              `${nameOfSet(evaluations.map(({ instance }) => instance))} (${rows})`,
            ])}
            value={set.id}
            onChoose={(id) => go(changed(new URLSearchParams(), { set: id }))}
          />
        )}
        <Select
          label="A"
          options={instances.map((instance) => [instance, instance])}
          value={a}
          onChoose={(value) => change({ a: value })}
        />
        <Select
          label="B"
          options={[['none', 'none'], ...instances.map((instance) => [instance, instance] as const)]}
          value={b}
          onChoose={(value) => change({ b: value })}
        />
        <Select
          label="Score"
          options={set.scores.map((score) => [score, score])}
          value={view.score}
          onChoose={(value) => change({ score: value })}
        />
        <Select
          label="Profile"
          options={profiles.map((profile) => [profile, profile])}
          value={view.profile}
          onChoose={(value) => change({ profile: value })}
        />
        {others.length > 0 && (
          <Others
            others={others}
            shown={also}
            onChoose={(chosen) => change({ also: chosen.length === 0 ? ['none'] : chosen })}
          />
        )}
      </div>
      {compared.length === 2 && a !== b && (
        <Comparison a={a} b={b} score={view.score} profile={view.profile} />
      )}
      <div class="bar">
        <Choice
          label="Rows"
          options={[
            ['all', 'All'],
            ['wrong', 'A is wrong'],
            ...(compared.length === 2 ? ([['differ', 'A and B differ']] as const) : []),
          ]}
          value={view.show}
          onChoose={(value) => change({ show: value === 'all' ? undefined : value })}
        />
        {set.slots.length > 0 && (
          <Select
            label="Wrong slot of A"
            options={[['', 'any'], ...set.slots.map((slot) => [slot, slot] as const)]}
            value={view.slot}
            onChoose={(value) => change({ slot: value })}
          />
        )}
        <Select
          label="Order"
          options={[
            ['worst', 'worst of A first'],
            ['best', 'best of A first'],
            ...(compared.length === 2 ? ([['difference', 'greatest difference first']] as const) : []),
            ['length', 'shortest reference first'],
            ['row', 'as in the test file'],
          ]}
          value={view.sort}
          onChoose={(value) => change({ sort: value })}
        />
        <label class="field">
          <span>Text</span>
          <input
            type="search"
            value={view.find}
            onInput={(event) => change({ find: event.currentTarget.value }, 'replace')}
          />
        </label>
        <span class="field">
          <span id="length-label">Characters of the reference</span>
          {(['least', 'most'] as const).map((end) => (
            <input
              key={end}
              type="number"
              min="0"
              class="short"
              aria-label={`Characters of the reference, at ${end}`}
              placeholder={end}
              value={view[end]}
              onInput={(event) => change({ [end]: event.currentTarget.value }, 'replace')}
            />
          ))}
        </span>
      </div>
      <Rows view={view} query={query} />
    </>
  );
}

/** Answers of so many models are shown before anybody chose. */
const mostAtFirst = 4;

const profiles = ['multilingual', 'reference'] as const;

const profileIn = (query: URLSearchParams): (typeof profiles)[number] =>
  profiles.find((profile) => profile === query.get('profile')) ?? 'multilingual';

/** Which models answer beside A and B. */
function Others(props: {
  readonly others: readonly string[];
  readonly shown: readonly string[];
  readonly onChoose: (shown: readonly string[]) => void;
}) {
  const { others, shown, onChoose } = props;
  return (
    <ChoiceMenu
      title={`Other models (${shown.length} of ${others.length})`}
      names={others}
      chosen={shown}
      onChoose={onChoose}
    >
      <button type="button" onClick={() => onChoose(shown.length === others.length ? [] : others)}>
        {shown.length === others.length ? 'None' : 'All'}
      </button>
    </ChoiceMenu>
  );
}

interface AnswerView {
  /** A, B if there is one, and the others. */
  readonly models: readonly string[];
  readonly hasB: boolean;
  readonly profile: string;
  readonly show: string;
  readonly slot: string;
  readonly find: string;
  readonly least: string;
  readonly most: string;
  readonly score: string;
  readonly sort: string;
  readonly page: number;
}

function addressOf({ models, hasB, page, ...rest }: AnswerView): string {
  const query = new URLSearchParams(models.map((model) => ['model', model]));
  for (const [name, value] of Object.entries(rest)) if (value !== '') query.set(name, value);
  if (!hasB) query.set('b', 'none');
  query.set('offset', String((page - 1) * rowsOfPage));
  query.set('limit', String(rowsOfPage));
  return `/api/answers?${query.toString()}`;
}

function Faults({ faults }: { readonly faults: readonly string[] }) {
  return faults.length === 0 ? null : <pre class="problem">{faults.join('\n')}</pre>;
}

function Comparison(props: {
  readonly a: string;
  readonly b: string;
  readonly score: string;
  readonly profile: string;
}) {
  const { answer, problem, isLoading } = useAnswer<CompareAnswer>(
    `/api/compare?a=${encodeURIComponent(props.a)}&b=${encodeURIComponent(props.b)}&profile=${props.profile}`,
  );
  const [isOpen, setIsOpen] = useState(false);
  if (answer === undefined) return <Waiting problem={problem} isLoading={isLoading} />;
  const leading = answer.comparisons.find(({ score }) => score === props.score);
  const isLower = leading !== undefined && numberOf(leading.mean) < 0;
  const interval = leading?.method === 'range' ? 'range' : '95 % interval';
  return (
    <section class="card comparison" aria-label="Comparison of B with A">
      {leading !== undefined && (
        <p class="verdict">
          <span class="name">{props.score}</span>: B {isLower ? 'is lower' : 'is higher'} by{' '}
          <strong>{numberText(Math.abs(numberOf(leading.mean)))}</strong>{' '}
          <span class="muted">
            ({interval} {signedText(numberOf(leading.low))} to {signedText(numberOf(leading.high))}, p{' '}
            {numberOf(leading.pValue).toFixed(4)}, {answer.rows} rows, paired)
          </span>
        </p>
      )}
      <button type="button" class="quiet" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        {isOpen ? 'Fewer scores' : `All ${answer.comparisons.length} scores`}
      </button>
      {isOpen && (
        <DifferenceBars
          differences={answer.comparisons.map(({ score, mean, low, high, pValue, effectSize }) => ({
            name: score,
            mean: numberOf(mean),
            low: numberOf(low),
            high: numberOf(high),
            pValue: numberOf(pValue),
            effect: numberOf(effectSize),
          }))}
        />
      )}
    </section>
  );
}

function Rows({ view, query }: { readonly view: AnswerView; readonly query: URLSearchParams }) {
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
          <Row key={row.row} row={row} view={view} />
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

function Row({ row, view }: { readonly row: AnswerRow; readonly view: AnswerView }) {
  const [whole, setWhole] = useState<AnswerRow | undefined>(undefined);
  const shown = whole ?? row;
  const fetchWhole = async (): Promise<void> => {
    const { rows } = await port.answer<AnswersAnswer>(`${addressOf({ ...view, page: 1 })}&row=${row.row}`);
    setWhole(rows[0]);
  };
  const [first] = shown.answers;
  const marked = first === undefined ? undefined : wordDiff(shown.reference, first.text)?.reference;
  return (
    <li class="card answer">
      <p class="question" dir="auto">
        <span class="row-number muted">{row.row}</span> {shown.question}
      </p>
      <div class="columns">
        <div>
          <h2>Reference</h2>
          <p class="text" dir="auto" tabIndex={focusFor(shown.reference)}>
            {marked === undefined ? shown.reference : <Marked pieces={marked} as="missing" />}
          </p>
        </div>
        {shown.answers.map((answer, place) => (
          <OneAnswer
            key={place}
            letter={place === 0 ? 'A' : place === 1 && view.hasB ? 'B' : ''}
            model={view.models[place] ?? ''}
            answer={answer}
            reference={shown.reference}
            before={place === 0 ? undefined : first?.score}
          />
        ))}
      </div>
      {shown.isCut && (
        <button type="button" class="quiet" onClick={() => void fetchWhole()}>
          Show the whole texts
        </button>
      )}
    </li>
  );
}

function OneAnswer(props: {
  readonly letter: string;
  readonly model: string;
  readonly answer: ModelAnswerText;
  readonly reference: string;
  readonly before: ModelAnswerText['score'] | undefined;
}) {
  const { letter, model, answer, reference, before } = props;
  const pieces = wordDiff(reference, answer.text)?.answer;
  const wrong = Object.entries(answer.slots).filter(([, outcome]) => outcome !== 'named');
  const difference = numberOf(answer.score) - numberOf(before);
  return (
    <div>
      <h2>
        {letter} <span class="muted name">{model}</span>
        <span class="score">
          {answer.score !== null && numberText(numberOf(answer.score))}
          {before !== undefined && Number.isFinite(difference) && difference !== 0 && (
            <small class={difference > 0 ? 'higher' : 'lower'}> {signedText(difference)}</small>
          )}
        </span>
      </h2>
      <p class="text" dir="auto" tabIndex={focusFor(answer.text)}>
        {answer.text === '' ? (
          <em class="muted">no answer</em>
        ) : answer.text === reference ? (
          answer.text
        ) : pieces === undefined ? (
          answer.text
        ) : (
          <Marked pieces={pieces} as="other" />
        )}
      </p>
      {answer.text === reference && <p class="slots good">✓ the same as the reference</p>}
      {wrong.length > 0 && (
        <p class="slots">
          {wrong.map(([slot, outcome]) => (
            <span key={slot} class="slot" title={outcome}>
              {slot}: {outcome}
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

/** A long text has a scrollbar, which the keyboard has to reach. */
const focusFor = (text: string): number | undefined => (text.length > 600 ? 0 : undefined);

/**
 * `missing`: words of the reference that the answer lacks; `other`: words of the answer that are not in it.
 */
function Marked({ pieces, as }: { readonly pieces: readonly Piece[]; readonly as: 'missing' | 'other' }) {
  return (
    <>
      {pieces.map(({ text, isSame }, place) =>
        isSame ? text : as === 'missing' ? <del key={place}>{text}</del> : <ins key={place}>{text}</ins>,
      )}
    </>
  );
}
