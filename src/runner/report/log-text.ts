import type { InstanceLog } from '../answers/runs.ts';
import type { RecordedEvent } from '../event.ts';
import { gpuWaitText } from './gpu-text.ts';
import { reasonText } from './reason-text.ts';
import { diagnosticText } from './diagnostic-text.ts';
import { isWarning, messageText } from './message-text.ts';
import { noColors } from '../wording/colors.ts';
import { outcomeText, retryText } from './outcome-text.ts';
import { verificationText } from './verification-text.ts';

/** A part of a log: lines, or a file of the stage's output, which may have any size. */
export type LogPart =
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'printed'; readonly file: string };

/**
 * The log of an instance in a run, in order: why each attempt started, its messages (of progress, the last),
 * its output, how it ended. Output lines have no times, so they come at the end of their attempt. `timeOf`:
 * formats a time for people.
 */
export function logParts(
  { run, instance, events, files }: InstanceLog,
  timeOf: (at: number) => string,
): readonly LogPart[] {
  const parts: LogPart[] = [{ kind: 'lines', lines: [`${instance} in run ${run}`] }];
  let printed: string | undefined;
  const closeAttempt = (): void => {
    if (printed !== undefined) parts.push({ kind: 'printed', file: printed });
    printed = undefined;
  };
  const overtaken = overtakenProgress(events);
  for (const [index, event] of events.entries()) {
    if (overtaken.has(event)) continue;
    if (event.kind === 'started') {
      closeAttempt();
      // A repeated attempt within a run replaces the one with its number.
      const isLast = !events
        .slice(index + 1)
        .some((later) => later.kind === 'started' && later.attempt === event.attempt);
      printed = isLast ? files[event.attempt - 1] : undefined;
    }
    if (event.kind === 'finished' || event.kind === 'verified' || event.kind === 'retrying') closeAttempt();
    const lines = eventLines(event, events).flatMap((text) => text.split('\n'));
    const time = timeOf(event.at);
    if (lines.length > 0)
      parts.push({
        kind: 'lines',
        lines: lines.map((line, row) => `${row === 0 ? time : ' '.repeat(time.length)}  ${line}`.trimEnd()),
      });
  }
  closeAttempt();
  return parts;
}

/** The progress messages of an attempt that are followed by a later one: only the last matters. */
function overtakenProgress(events: readonly RecordedEvent[]): ReadonlySet<RecordedEvent> {
  const overtaken = new Set<RecordedEvent>();
  let isFollowed = false;
  for (const event of events.toReversed()) {
    if (event.kind === 'started') isFollowed = false;
    if (event.kind !== 'message' || event.message.kind !== 'progress') continue;
    if (isFollowed) overtaken.add(event);
    isFollowed = true;
  }
  return overtaken;
}

function eventLines(event: RecordedEvent, all: readonly RecordedEvent[]): readonly string[] {
  switch (event.kind) {
    case 'started':
      return [
        `attempt ${event.attempt}${event.resumed ? ', resumed where it was interrupted' : ''}`,
        ...event.because.map((reason) => `because: ${reasonText(reason)}`),
      ];
    case 'message': {
      const text = isRepeatedAtTheEnd(event.message, all) ? undefined : messageText(event.message);
      return text === undefined ? [] : [`${isWarning(event.message) ? 'warning: ' : ''}${text}`];
    }
    case 'warned':
      return [diagnosticText(event.diagnostic, noColors, () => undefined)];
    case 'retrying':
      return [retryText(event)];
    case 'waiting-for-gpu':
      return [gpuWaitText(event)];
    case 'cancelled':
      return [`stopped: ${event.because}`];
    case 'finished':
      return [outcomeText(event.outcome)];
    case 'verified':
      return [verificationText(event.outcome)];
    case 'run-started':
    case 'planned-again':
    case 'found-in-place':
    case 'run-finished':
    case 'interrupting':
    case 'output':
    case 'gpu-usage':
    case 'fetching':
    case 'fetch-delayed':
    case 'fetched':
      return [];
  }
}

/** A failure that a stage reported is how its attempt ended. */
const isRepeatedAtTheEnd = (
  message: Extract<RecordedEvent, { readonly kind: 'message' }>['message'],
  all: readonly RecordedEvent[],
): boolean =>
  message.kind === 'failure' &&
  all.some((event) => {
    const failure =
      event.kind === 'finished' && event.outcome.kind === 'failed'
        ? event.outcome.failure
        : event.kind === 'retrying'
          ? event.failure
          : undefined;
    return failure?.kind === 'reported' && failure.text === message.text;
  });
