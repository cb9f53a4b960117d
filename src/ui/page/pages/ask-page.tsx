import { useEffect, useRef, useState } from 'preact/hooks';
import { shellQuoted } from '../../../files/shell-quoted.ts';
import type { QuestionAnswer, AskModelsAnswer } from '../../api.ts';
import { changed, go } from '../address.ts';
import { ChoiceMenu } from '../choice-menu.tsx';
import { Command, Empty, PageHead, Select, Waiting } from '../parts.tsx';
import { askModel, useAnswer } from '../use-answer.ts';

/** The outcome of a question to one model. */
type ModelReply =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'answered'; readonly answer: QuestionAnswer }
  | { readonly kind: 'failed'; readonly problem: string };

/** A question to models, their answers side by side. */
export function AskPage({ query }: { readonly query: URLSearchParams }) {
  const { answer: known, problem, isLoading } = useAnswer<AskModelsAnswer>('/api/ask-models');
  const [replies, setReplies] = useState<ReadonlyMap<string, ModelReply>>(new Map());
  const asking = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => asking.current?.abort(), []);
  const question = query.get('question') ?? '';
  const names = known?.models ?? [];
  const named = query.getAll('model').filter((name) => names.includes(name));
  const models = named.length === 0 ? names.slice(0, 2) : named;
  const isWaiting = [...replies.values()].some(({ kind }) => kind === 'waiting');
  const stage = query.get('as') ?? '';

  async function askAll(): Promise<void> {
    const controller = new AbortController();
    asking.current = controller;
    setReplies(new Map(models.map((model) => [model, { kind: 'waiting' }])));
    await Promise.all(
      models.map(async (instance) => {
        const reply = await askModel({ instance, question, as: stage }, controller.signal);
        if (!controller.signal.aborted) setReplies((before) => new Map(before).set(instance, reply));
      }),
    );
  }
  function cancel(): void {
    asking.current?.abort();
    setReplies((before) => new Map([...before].filter(([, { kind }]) => kind !== 'waiting')));
  }

  return (
    <>
      <PageHead
        title="Ask"
        text="Ask trained models a question. They answer with the settings of their evaluation."
      >
        {question.trim() !== '' && models.length > 0 && (
          <Command command={askCommand(models, question, stage)} />
        )}
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
            if (!isWaiting && question.trim() !== '') void askAll();
          }}
        >
          <label class="field question-field">
            <span>Question (Ctrl+Enter asks)</span>
            <textarea
              rows={3}
              dir="auto"
              value={question}
              placeholder="What helps against headache?"
              onInput={(event) => go(changed(query, { question: event.currentTarget.value }), 'replace')}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
                event.preventDefault();
                event.currentTarget.form?.requestSubmit();
              }}
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
            <button type="submit" class="primary" disabled={isWaiting || question.trim() === ''}>
              Ask
            </button>
            {isWaiting && (
              <button type="button" onClick={cancel}>
                Cancel
              </button>
            )}
          </div>
        </form>
      )}
      <div class="columns" role="status">
        {[...replies].map(([model, reply]) => (
          <section key={model} class="card" aria-label={model}>
            <h2 class="name">{model}</h2>
            <Reply reply={reply} />
          </section>
        ))}
      </div>
    </>
  );
}

function Reply({ reply }: { readonly reply: ModelReply }) {
  switch (reply.kind) {
    case 'waiting':
      return <p class="muted">computing …</p>;
    case 'failed':
      return <pre class="problem">{reply.problem}</pre>;
    case 'answered':
      return (
        <>
          {reply.answer.answers.map(({ setting, answer }) => (
            <div key={setting}>
              <p class="muted">{setting}</p>
              <p class="text" dir="auto">
                {answer === '' ? <em class="muted">no answer</em> : answer}
              </p>
            </div>
          ))}
          {reply.answer.warnings.length > 0 && <pre class="log">{reply.answer.warnings.join('\n')}</pre>}
        </>
      );
  }
}

/** `pipeline ask` compares two models at most. */
function askCommand([first = '', second]: readonly string[], question: string, stage: string): string {
  return [
    `ask ${shellQuoted(first)} ${shellQuoted(question)}`,
    ...(second === undefined ? [] : [`--compare ${shellQuoted(second)}`]),
    ...(stage === '' ? [] : [`--as ${shellQuoted(stage)}`]),
  ].join(' ');
}
