import type { EvaluationSet } from '../../../../pages/result-answers.ts';
import { Choice, Select } from '../../parts.tsx';
import type { AnswerView } from './answer-view.ts';
import type { ChangeView } from './change-view.ts';

/** Which rows are shown, and in which order. */
export function RowsBar(props: {
  readonly set: EvaluationSet;
  readonly view: AnswerView;
  readonly change: ChangeView;
}) {
  const { set, view, change } = props;
  const { compared } = view.models;
  return (
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
  );
}
