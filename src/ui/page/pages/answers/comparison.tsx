import { useState } from 'preact/hooks';
import type { CompareAnswer } from '../../../../pages/result-answers.ts';
import { DifferenceBars } from '../../charts/difference-bars.tsx';
import { numberOf, numberText, signedText } from '../../number-text.ts';
import { Waiting } from '../../parts.tsx';
import { useAnswer } from '../../use-answer.ts';

/** By how much the scores of B are above those of A. */
export function Comparison(props: {
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
