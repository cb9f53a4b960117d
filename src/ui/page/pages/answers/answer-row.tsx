import { useState } from 'preact/hooks';
import type {
  AnswerRow as RowAnswer,
  AnswersAnswer,
  ModelAnswerText,
} from '../../../../pages/result-answers.ts';
import { numberOf, numberText, signedText } from '../../number-text.ts';
import { port } from '../../port/data-port.ts';
import { type Piece, wordDiff } from '../../word-diff.ts';
import { addressOf, type AnswerView } from './answer-view.ts';

/** A test row: its question, its reference, and the answers of models beside it. */
export function AnswerRow({ row, view }: { readonly row: RowAnswer; readonly view: AnswerView }) {
  const [whole, setWhole] = useState<RowAnswer | undefined>(undefined);
  const shown = whole ?? row;
  const fetchWhole = async (): Promise<void> => {
    const { rows } = await port.answer<AnswersAnswer>(`${addressOf({ ...view, page: 1 })}&row=${row.row}`);
    setWhole(rows[0]);
  };
  const models = [...view.models.compared, ...view.models.also];
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
            letter={place === 0 ? 'A' : place === 1 && view.models.b !== 'none' ? 'B' : ''}
            model={models[place] ?? ''}
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
