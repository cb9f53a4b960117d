import type { SampledModel, SamplesAnswer } from '../../../pages/result-answers.ts';
import { changed, go } from '../address.ts';
import { ChoiceMenu } from '../choice-menu.tsx';
import { nameOfSet } from '../instance-labels.ts';
import { Choice, Command, Empty, PageHead, Select, WaitingPage } from '../parts.tsx';
import { endsRun } from '../use-live.ts';
import { useLiveAnswer } from '../use-live-answer.ts';

/** How many models are shown side by side at first. */
const mostAtFirst = 3;

/** Sampled answers to the same questions: models side by side, by temperature. */
export function SamplesPage({ query }: { readonly query: URLSearchParams }) {
  const { answer, problem, isLoading } = useLiveAnswer<SamplesAnswer>('/api/samples', endsRun);
  if (answer === undefined) return <WaitingPage title="Samples" problem={problem} isLoading={isLoading} />;
  const sets = setsOf(answer.models);
  const set = sets.find(({ name }) => name === query.get('set')) ?? sets[0];
  return (
    <>
      <PageHead title="Samples" text="Answers sampled at different temperatures">
        <Command command="run qualitative" />
      </PageHead>
      {answer.faults.length > 0 && <pre class="problem">{answer.faults.join('\n')}</pre>}
      {set === undefined ? (
        <Empty>
          No sampled answers yet. Outs “samples” with questions and answers by temperature appear here.
        </Empty>
      ) : (
        <SampleSet sets={sets} set={set} query={query} />
      )}
    </>
  );
}

interface SampleSetOf {
  readonly name: string;
  readonly questions: readonly string[];
  readonly models: readonly SampledModel[];
}

/** Models with the same questions, named by the labels that they share. */
function setsOf(models: readonly SampledModel[]): readonly SampleSetOf[] {
  const sets = new Map<string, SampledModel[]>();
  for (const model of models) {
    const key = JSON.stringify(model.questions);
    sets.set(key, [...(sets.get(key) ?? []), model]);
  }
  return [...sets.values()].map((members) => ({
    name: nameOfSet(members.map(({ instance }) => instance)),
    questions: members[0]?.questions ?? [],
    models: members,
  }));
}

function SampleSet(props: {
  readonly sets: readonly SampleSetOf[];
  readonly set: SampleSetOf;
  readonly query: URLSearchParams;
}) {
  const { sets, set, query } = props;
  const temperatures = [...new Set(set.models.flatMap(({ answers }) => Object.keys(answers)))].toSorted(
    (a, b) => a.localeCompare(b, 'en', { numeric: true }),
  );
  const temperature = query.get('temperature') ?? '';
  const shownTemperatures = temperatures.filter((each) => temperature === '' || each === temperature);
  const names = set.models.map(({ instance }) => instance);
  const requested = query.getAll('model').filter((name) => names.includes(name));
  const chosen = requested.length > 0 ? requested : names.slice(0, mostAtFirst);
  const find = (query.get('find') ?? '').toLowerCase();
  const models = set.models.filter(({ instance }) => chosen.includes(instance));
  const places = set.questions
    .map((_, place) => place)
    .filter((place) =>
      [
        set.questions[place] ?? '',
        ...models.flatMap(({ answers }) => Object.values(answers).map((all) => all[place] ?? '')),
      ].some((text) => text.toLowerCase().includes(find)),
    );
  return (
    <>
      <div class="bar">
        {sets.length > 1 && (
          <Select
            label="Questions of"
            options={sets.map(({ name }) => [name, name])}
            value={set.name}
            onChoose={(name) => go(changed(query, { set: name, model: [] }))}
          />
        )}
        <Choice
          label="Temperature"
          options={[
            ['', 'all temperatures'],
            ...temperatures.map((each) => [each, temperatureText(each)] as const),
          ]}
          value={temperature}
          onChoose={(value) => go(changed(query, { temperature: value }))}
        />
        <ChoiceMenu
          title={`Models (${models.length})`}
          names={names}
          chosen={chosen}
          onChoose={(model) => go(changed(query, { model }), 'replace')}
        />
        <label class="field">
          <span>Text</span>
          <input
            type="search"
            value={query.get('find') ?? ''}
            onInput={(event) => go(changed(query, { find: event.currentTarget.value }), 'replace')}
          />
        </label>
        <p class="muted" role="status">
          {places.length} of {set.questions.length} questions
        </p>
      </div>
      <ol class="answers">
        {places.map((place) => (
          <li key={place} class="card answer">
            <p class="question" dir="auto">
              <span class="row-number muted">{place + 1}</span> {set.questions[place]}
            </p>
            <div class="columns">
              {models.map(({ instance, answers }) => (
                <div key={instance}>
                  <h2>
                    <span class="name">{instance}</span>
                  </h2>
                  {shownTemperatures.map((each) => (
                    <p key={each} class="sample">
                      <span class="muted" title="temperature">
                        {temperatureText(each)}
                      </span>
                      <span class="text" dir="auto">
                        {answers[each]?.[place] ?? ''}
                      </span>
                    </p>
                  ))}
                </div>
              ))}
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}

/** "temp_0.7", as samples.json names it. */
const temperatureText = (name: string): string => name.replace(/^temp_/, '');
