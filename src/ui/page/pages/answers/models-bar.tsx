import type { EvaluationSet } from '../../../../pages/result-answers.ts';
import { changed, go } from '../../address.ts';
import { ChoiceMenu } from '../../choice-menu.tsx';
import { nameOfSet } from '../../instance-labels.ts';
import { Select } from '../../parts.tsx';
import { type AnswerView, profiles } from './answer-view.ts';
import type { ChangeView } from './change-view.ts';

/** Whose answers are shown, and by which score. */
export function ModelsBar(props: {
  readonly sets: readonly EvaluationSet[];
  readonly set: EvaluationSet;
  readonly view: AnswerView;
  readonly change: ChangeView;
}) {
  const { sets, set, view, change } = props;
  const { a, b, others, also } = view.models;
  const instances = set.evaluations.map(({ instance }) => instance);
  return (
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
  );
}

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
