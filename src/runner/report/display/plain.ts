import type { Colors } from '../../wording/colors.ts';
import { awaitedText } from '../awaited-text.ts';
import { diagnosticText } from '../diagnostic-text.ts';
import { gpuWaitText } from '../gpu-text.ts';
import { isWarning, messageText } from '../message-text.ts';
import { durationText } from '../../wording/duration-text.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { outcomeText, retryText } from '../outcome-text.ts';
import { pluralize } from '../../wording/pluralize.ts';
import { printableLines } from '../../wording/printable.ts';
import { sizeText } from '../../wording/size-text.ts';
import { reasonText } from '../reason-text.ts';
import { quotedCommand, type TypedPipeline } from '../../wording/command-text.ts';
import type { AwaitedInstances, Event, Outcome } from '../../event.ts';
import type { StageMessage } from '../../../stage/message.ts';

/**
 * The output of a run line by line, for logs and pipes; the live display prints the same lines above its
 * frame.
 * `textOf`: what warnings point into.
 */
export function plainLines(
  event: Event,
  colors: Colors,
  textOf: (file: string) => string | undefined,
  typed: TypedPipeline = {},
): readonly string[] {
  switch (event.kind) {
    case 'run-started':
      return awaitedLines(event.awaited ?? [], colors);
    case 'planned-again':
      return [
        ...(event.added.length > 0
          ? [colors.dim(`+ ${pluralize(event.added.length, 'instance')}: ${joinFirst(event.added, 3)}`)]
          : []),
        ...(event.removed.length > 0
          ? [colors.dim(`- ${pluralize(event.removed.length, 'instance')}: ${joinFirst(event.removed, 3)}`)]
          : []),
        ...awaitedLines(event.awaited, colors),
      ];
    case 'fetching':
    // A run with nothing to do prints one line, at its end.
    case 'found-in-place':
      return [];
    case 'fetch-delayed':
      return [
        `${colors.yellow('↻')} ${event.model}  ` +
          `${event.because}${event.seconds === null ? '' : `: again in ${durationText(event.seconds)}`}`,
      ];
    case 'fetched':
      return [`${colors.green('✓')} ${event.model}  ${colors.dim(`fetched, ${sizeText(event.bytes)}`)}`];
    case 'started':
      return [`${colors.dim('▸')} ${event.instance}  ${colors.dim(`started: ${startedText(event, typed)}`)}`];
    case 'message':
      return messageLines(event.instance, event.message, colors);
    case 'output':
    case 'gpu-usage':
    // The command that asked for it prints what it found.
    case 'verified':
      return [];
    case 'waiting-for-gpu':
      return [`${colors.dim('…')} ${event.instance}  ${colors.dim(gpuWaitText(event))}`];
    case 'warned':
      return diagnosticText(event.diagnostic, colors, textOf).split('\n');
    case 'retrying':
      return [`${colors.yellow('↻')} ${event.instance}  ${retryText(event)}`];
    case 'cancelled':
      return [`${colors.yellow('■')} ${event.instance}  stopped: ${event.because}`];
    case 'finished':
      return finishedLines(event.instance, event.outcome, colors);
    case 'interrupting':
      return [
        colors.yellow(
          event.hard
            ? 'stopping now'
            : 'stopping: running stages may finish their checkpoints; Ctrl-C again kills them',
        ),
      ];
    case 'run-finished':
      return [];
  }
}

const awaitedLines = (awaited: readonly AwaitedInstances[], colors: Colors): readonly string[] =>
  awaited.length === 0 ? [] : [`${colors.dim('…')} ${colors.dim(awaitedText(awaited))}`];

function startedText(
  { instance, because, attempt, resumed }: Extract<Event, { readonly kind: 'started' }>,
  typed: TypedPipeline,
): string {
  // How the last attempt ended does not hide what changed since.
  const most = because[0]?.kind === 'changed' ? 1 : 2;
  const reasons = joinFirst(because.map(reasonText), most, { separator: '; ' });
  return [
    because.length > most ? `${reasons} (see ${quotedCommand(typed, 'log', [instance])})` : reasons,
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(resumed ? ['resumed after an interruption'] : []),
  ].join('; ');
}

function messageLines(instance: string, message: StageMessage, colors: Colors): readonly string[] {
  // The others are frequent, or repeated by the outcome: shown by the live display and kept for `log`.
  const text = isWarning(message) ? messageText(message) : undefined;
  return text === undefined ? [] : [`${colors.yellow('!')} ${instance}  ${text}`];
}

function finishedLines(instance: string, outcome: Outcome, colors: Colors): readonly string[] {
  const text = outcomeText(outcome);
  switch (outcome.kind) {
    case 'ran':
      return [`${colors.green('✓')} ${instance}  ${colors.dim(text)}`];
    case 'restored':
      return [`${colors.green('↺')} ${instance}  ${colors.dim(text)}`];
    // A run with nothing to do prints one line, not one for each instance.
    case 'up-to-date':
      return outcome.adopted === true ? [`${colors.green('✓')} ${instance}  ${colors.dim(text)}`] : [];
    case 'skipped':
      return [];
    case 'submitted':
    case 'waiting':
      return [`${colors.cyan('…')} ${instance}  ${colors.dim(text)}`];
    case 'blocked':
      return [`${colors.yellow('–')} ${instance}  ${text}`];
    case 'interrupted':
      return [`${colors.yellow('■')} ${instance}  ${text}`];
    case 'failed':
      return [
        `${colors.red('✗')} ${instance}  ${text}`,
        ...outcome.tail.map((line) => `    ${printableLines(line)}`),
      ];
  }
}
