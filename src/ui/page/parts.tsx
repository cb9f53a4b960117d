import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { commandText, type TypedPipeline } from '../../runner/wording/command-text.ts';
import { port } from './port/data-port.ts';
import { agoText, dateTimeText } from './time-text.ts';

/** The head of a page. */
export function PageHead(props: {
  readonly title: string;
  readonly text?: ComponentChildren;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="page-head">
      <div>
        <h1>{props.title}</h1>
        {props.text !== undefined && <p class="muted">{props.text}</p>}
      </div>
      {props.children}
    </div>
  );
}

/** Why there is no content: a problem, or it is still loading. */
export function Waiting(props: { readonly problem: string | undefined; readonly isLoading: boolean }) {
  if (props.problem !== undefined)
    return (
      <pre class="problem" role="alert">
        {props.problem}
      </pre>
    );
  return props.isLoading ? (
    <p class="muted loading" role="status">
      Loading…
    </p>
  ) : null;
}

/** A page whose data is loading. */
export function WaitingPage(props: {
  readonly title: string;
  readonly problem: string | undefined;
  readonly isLoading: boolean;
}) {
  return (
    <>
      <PageHead title={props.title} />
      <Waiting problem={props.problem} isLoading={props.isLoading} />
    </>
  );
}

/** A sentence in the place of a list or a chart that has nothing to show. */
export function Empty(props: { readonly children: ComponentChildren }) {
  return <p class="empty">{props.children}</p>;
}

/** The states have a sign each, since not everybody tells colors apart. */
const signs: Readonly<Record<string, string>> = {
  'up-to-date': '✓',
  ran: '✓',
  done: '✓',
  restored: '↺',
  restorable: '↺',
  running: '▸',
  waiting: '·',
  'out-of-date': '○',
  failed: '✗',
  blocked: '⊘',
  skipped: '–',
  interrupted: '‖',
  killed: '✗',
};

/** A state in words: "up to date". */
export const stateText = (state: string): string => state.replaceAll('-', ' ');

/** A state with its sign; `text` replaces its words. */
export function State(props: { readonly state: string; readonly text?: string | undefined }) {
  return (
    <span class={`state state-${props.state}`}>
      <span aria-hidden="true">{signs[props.state] ?? '·'}</span> {props.text ?? stateText(props.state)}
    </span>
  );
}

/** The sign of a state; an unknown one has a dot. */
export const signOf = (state: string): string => signs[state] ?? '·';

/** Numbers of instances by state. */
export function Counts(props: { readonly counts: readonly (readonly [state: string, count: number])[] }) {
  return (
    <span class="counts">
      {props.counts
        .filter(([, count]) => count > 0)
        .map(([state, count]) => (
          <State key={state} state={state} text={`${count} ${stateText(state)}`} />
        ))}
    </span>
  );
}

/** The present, again every second while something runs. */
export function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    if (!isTicking) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isTicking]);
  return now;
}

/** How long ago a time was, with the time itself as a tooltip. */
export function TimeAgo(props: { readonly at: number; readonly now: number }) {
  return (
    <time dateTime={new Date(props.at).toISOString()} title={dateTimeText(props.at)}>
      {agoText(props.at, props.now)}
    </time>
  );
}

/** How the command that serves the page names the pipeline file. */
export const TypedByReader = createContext<TypedPipeline>({});

/** A command line as the reader would type it, with the names of the instances that it is about. */
export const useCommandText = (command: string, names?: readonly string[]): string =>
  commandText(useContext(TypedByReader), command, names);

/** A command line that does the same, for the reader to copy. `names`: the instances that it is about. */
export function Command(props: { readonly command: string; readonly names?: readonly string[] }) {
  const text = useCommandText(props.command, props.names);
  const [isCopied, setIsCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), 1500);
  };
  if (!port.hasCommands) return null;
  return (
    <span class="command">
      {/* It scrolls where it is too long. */}
      <code tabIndex={0}>{text}</code>
      <button type="button" onClick={copy}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </span>
  );
}

/** One of a few, as buttons that are pressed. */
export function Choice<T extends string>(props: {
  readonly label: string;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly value: T;
  readonly onChoose: (value: T) => void;
}) {
  return (
    <div class="choice" role="group" aria-label={props.label}>
      {props.options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChoose(value)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** One of many, as a list that opens. */
export function Select(props: {
  readonly label: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly value: string;
  readonly onChoose: (value: string) => void;
}) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onChoose(event.currentTarget.value)}>
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
