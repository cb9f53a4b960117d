import { useEffect, useRef, useState } from 'preact/hooks';
import { shellQuoted } from '../../../runner/wording/shell-quoted.ts';
import type { AskedAnswer, AskModelsAnswer } from '../../api.ts';
import { changed, go } from '../address.ts';
import { ChoiceMenu } from '../choice-menu.tsx';
import { Command, Empty, PageHead, Select, Waiting } from '../parts.tsx';
import { askModel, useAnswer } from '../use-answer.ts';

/** What came of a question to one model. */
type Asked =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'answered'; readonly answer: AskedAnswer }
  | { readonly kind: 'failed'; readonly problem: string };

/** A question to models, their answers side by side. */
export function AskPage({ query }: { readonly query: URLSearchParams }) {
  const { answer: known, problem, isLoading } = useAnswer<AskModelsAnswer>('/api/ask-models');
  const [asked, setAsked] = useState<ReadonlyMap<string, Asked>>(new Map());
  const asking = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => asking.current?.abort(), []);
  const question = query.get('question') ?? '';
  const names = known?.models ?? [];
  const named = query.getAll('model').filter((name) => names.includes(name));
  const models = named.length === 0 ? names.slice(0, 2) : named;
  const isAsking = [...asked.values()].some(({ kind }) => kind === 'waiting');
  const stage = query.get('as') ?? '';

  async function askAll(): Promise<void> {
    const controller = new AbortController();
    asking.current = controller;
    setAsked(new Map(models.map((model) => [model, { kind: 'waiting' }])));
    await Promise.all(
      models.map(async (instance) => {
        const came = await askModel({ instance, question, as: stage }, controller.signal);
        if (!controller.signal.aborted) setAsked((before) => new Map(before).set(instance, came));
      }),
    );
  }
  function cancel(): void {
    asking.current?.abort();
    setAsked((before) => new Map([...before].filter(([, { kind }]) => kind !== 'waiting')));
  }

  return (
    <>
      <PageHead
        title="Ask"
        text="Ask trained models a question. They answer with the settings of their evaluation."
      >
        {question.trim() !== '' && models.length > 0 && <Command text={commandOf(models, question, stage)} />}
      </PageHead>
      <Waiting problem={problem} isLoading={isLoading} />
      {known !== undefined && names.length === 0 && (
        <Empty>
          No model is in place yet: run a stage with an out of kind <code>model</code>.
        </Empty>
      )}
      {names.length > 0 && (
        <form
          class="ask"
          onSubmit={(event) => {
            event.preventDefault();
            if (!isAsking) void askAll();
          }}
        >
          <label class="field question-field">
            <span>Question</span>
            <textarea
              rows={3}
              dir="auto"
              value={question}
              onInput={(event) => go(changed(query, { question: event.currentTarget.value }), 'replace')}
            />
          </label>
          <div class="bar">
            <ChoiceMenu
              title={`Models (${models.length} of ${names.length})`}
              names={names}
              chosen={names.filter((name) => models.includes(name))}
              onChoose={(chosen) => go(changed(query, { model: chosen }), 'replace')}
            />
            {known !== undefined && known.stages.length > 1 && (
              <Select
                label="Settings of"
                options={[['', 'the evaluation'], ...known.stages.map((each) => [each, each] as const)]}
                value={stage}
                onChoose={(value) => go(changed(query, { as: value }), 'replace')}
              />
            )}
            <button type="submit" disabled={isAsking || question.trim() === ''}>
              Ask
            </button>
            {isAsking && (
              <button type="button" onClick={cancel}>
                Cancel
              </button>
            )}
          </div>
        </form>
      )}
      <div class="columns" role="status">
        {[...asked].map(([model, came]) => (
          <section key={model} class="card" aria-label={model}>
            <h2 class="name">{model}</h2>
            <Came came={came} />
          </section>
        ))}
      </div>
    </>
  );
}

function Came({ came }: { readonly came: Asked }) {
  switch (came.kind) {
    case 'waiting':
      return <p class="muted">computing …</p>;
    case 'failed':
      return <pre class="problem">{came.problem}</pre>;
    case 'answered':
      return (
        <>
          {came.answer.answers.map(({ setting, answer }) => (
            <div key={setting}>
              <p class="muted">{setting}</p>
              <p class="text" dir="auto">
                {answer === '' ? <em class="muted">no answer</em> : answer}
              </p>
            </div>
          ))}
          {came.answer.warnings.length > 0 && <pre class="log">{came.answer.warnings.join('\n')}</pre>}
        </>
      );
  }
}

/** `pipeline ask` compares two models at most. */
function commandOf([first = '', second]: readonly string[], question: string, stage: string): string {
  const options = [
    ...(second === undefined ? [] : ['--compare', second]),
    ...(stage === '' ? [] : ['--as', stage]),
  ];
  return ['pipeline', 'ask', first, question, ...options].map((word) => shellQuoted(word)).join(' ');
}
