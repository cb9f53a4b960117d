import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Value } from '../../../stage/context.ts';
import type { InstanceAnswer, LogAnswer, PrintedAnswer } from '../../api.ts';
import { numberOf, numberText } from '../number-text.ts';
import { Command, State, Waiting } from '../parts.tsx';
import { port } from '../port/data-port.ts';
import { useAnswer } from '../use-answer.ts';
import { changesStates, useLive } from '../use-live.ts';
import { useLiveAnswer } from '../use-live-answer.ts';

/** An instance: why it ran, its messages and output, its files, metrics and manifest. */
export function InstancePanel(props: {
  readonly name: string;
  /** The log of this run; undefined: of the last that tried it. */
  readonly run?: string;
  readonly onClose: () => void;
}) {
  const { name, run } = props;
  const inRun = run === undefined ? '' : `&run=${encodeURIComponent(run)}`;
  const { answer, problem, isLoading } = useLiveAnswer<InstanceAnswer>(
    `/api/instance?name=${encodeURIComponent(name)}${inRun}`,
    (live) => changesStates(live) && 'instance' in live.event && live.event.instance === name,
  );
  return (
    <aside
      class="panel"
      aria-label={name}
      onKeyDown={(event) => {
        if (event.key === 'Escape') props.onClose();
      }}
    >
      <div class="panel-head">
        <h2 class="name">{name}</h2>
        <button type="button" class="close" onClick={props.onClose} aria-label="Close">
          ×
        </button>
      </div>
      <Waiting problem={problem} isLoading={isLoading && answer === undefined} />
      {answer !== undefined && answer.instance === name && <Known answer={answer} run={run} />}
    </aside>
  );
}

function Known({ answer, run }: { readonly answer: InstanceAnswer; readonly run: string | undefined }) {
  const metrics = Object.entries(answer.metrics);
  return (
    <>
      <p>
        <State state={answer.state} />
        {answer.failure !== undefined && <span class="failure"> {answer.failure}</span>}
      </p>
      {answer.because.length > 0 && (
        <Section title="Why it runs">
          <ul>
            {answer.because.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </Section>
      )}
      {answer.after.length > 0 && <p class="muted">waits for {answer.after.join(', ')}</p>}
      {answer.fault !== undefined && <pre class="problem">{answer.fault}</pre>}
      {answer.log !== undefined && (run === undefined || answer.log.run === run) && (
        <Log name={answer.instance} log={answer.log} />
      )}
      {answer.outs.length > 0 && (
        <Section title="Outputs">
          <dl class="facts">
            {answer.outs.map(({ out, path, kind, there, isFile }) => (
              <div key={out}>
                <dt>
                  {out} <span class="muted">{kind}</span>
                </dt>
                <dd>
                  {isFile && port.isLive ? (
                    <a href={`/api/file?${new URLSearchParams({ name: answer.instance, out }).toString()}`}>
                      {path}
                    </a>
                  ) : (
                    <span class="name">{path}</span>
                  )}
                  {!there && <span class="muted"> (not in place)</span>}
                </dd>
              </div>
            ))}
          </dl>
        </Section>
      )}
      {metrics.length > 0 && (
        <Section title="Metrics" isClosed={metrics.length > 12}>
          <dl class="facts numbers">
            {metrics.map(([metric, value]) => (
              <div key={metric}>
                <dt>{metric}</dt>
                <dd>{numberText(numberOf(value))}</dd>
              </div>
            ))}
          </dl>
        </Section>
      )}
      {answer.manifest !== undefined && (
        <Section title="Manifest" isClosed>
          <p class="muted name">key {answer.key}</p>
          <Tree value={answer.manifest} />
        </Section>
      )}
      <Section title="Commands">
        <p>
          <Command command="explain" names={[answer.instance]} />
        </p>
        <p>
          <Command command="log" names={[answer.instance]} />
        </p>
        <p>
          <Command command="run" names={[answer.instance]} />
        </p>
      </Section>
    </>
  );
}

function Section(props: {
  readonly title: string;
  readonly isClosed?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <details class="section" open={props.isClosed !== true}>
      <summary>{props.title}</summary>
      {props.children}
    </details>
  );
}

/** A training prints many lines: the last ones show its outcome. */
const mostLines = 60;

function Log({ name, log }: { readonly name: string; readonly log: LogAnswer }) {
  const parts = log.parts.flatMap((part) => (part.kind === 'lines' ? part.lines : []));
  const [isWhole, setIsWhole] = useState(false);
  const lines = isWhole ? parts : parts.slice(-mostLines);
  const files = log.parts.flatMap((part) => (part.kind === 'file' ? [part.file] : []));
  return (
    <Section title={`Log of run ${log.run}`}>
      {lines.length < parts.length && (
        <button type="button" class="quiet" onClick={() => setIsWhole(true)}>
          {parts.length - lines.length} earlier lines
        </button>
      )}
      <LogText text={lines.join('\n')} />
      {files.map((file) => (
        <Printed key={file} name={name} run={log.run} file={file} />
      ))}
    </Section>
  );
}

/** Its output: the end of it, and new lines while it runs. */
function Printed(props: { readonly name: string; readonly run: string; readonly file: string }) {
  const { file } = props;
  const [name, run, of] = [props.name, props.run, file].map(encodeURIComponent);
  const address = `/api/log?name=${name}&run=${run}&file=${of}`;
  const { answer, problem } = useAnswer<PrintedAnswer>(address);
  const [more, setMore] = useState<PrintedAnswer | undefined>(undefined);
  useEffect(() => setMore(undefined), [answer]);
  const fetching = useRef({ isOn: false, isBehind: false });
  const fetchMore = async (last: PrintedAnswer, text: string): Promise<void> => {
    fetching.current = { isOn: true, isBehind: false };
    const next = await port.answer<PrintedAnswer>(`${address}&from=${last.to}`).catch(() => undefined);
    const isBehind = fetching.current.isBehind || (next !== undefined && next.to < next.size);
    fetching.current = { isOn: false, isBehind: false };
    if (next === undefined) return;
    setMore({ ...next, text: text + next.text });
    if (isBehind) await fetchMore(next, text + next.text);
  };
  useLive((events) => {
    if (answer === undefined || !events.some(({ event }) => event.kind === 'output' && event.file === file))
      return;
    if (fetching.current.isOn) fetching.current.isBehind = true;
    else void fetchMore(more ?? answer, more?.text ?? '');
  });
  const text = `${answer?.text ?? ''}${more?.text ?? ''}`;
  if (problem !== undefined || answer === undefined || text === '') return null;
  return (
    <>
      <p class="muted name">
        {file}
        {answer.from > 0 && ` (its last ${text.length} characters)`}
      </p>
      <LogText text={text} />
    </>
  );
}

/** The end of a log is in sight, also when it grows, unless somebody has scrolled up. */
function LogText({ text }: { readonly text: string }) {
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <pre
      ref={box}
      class="log"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 4;
      }}
    >
      {text}
    </pre>
  );
}

/** A value as a tree that opens. */
function Tree({ value }: { readonly value: Value }) {
  if (typeof value !== 'object' || value === null) return <code>{JSON.stringify(value)}</code>;
  const entries: readonly (readonly [string, Value])[] = Object.entries(value);
  if (entries.length === 0) return <code>{Array.isArray(value) ? '[]' : '{}'}</code>;
  return (
    <ul class="tree">
      {entries.map(([name, member]) => (
        <li key={name}>
          {typeof member === 'object' && member !== null ? (
            <details open={entries.length < 8}>
              <summary>{name}</summary>
              <Tree value={member} />
            </details>
          ) : (
            <>
              <span class="muted">{name}: </span>
              <Tree value={member} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
