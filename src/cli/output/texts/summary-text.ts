import { quotedCommand, type TypedPipeline } from '../../../runner/wording/command-text.ts';
import type { InstanceId, Outcome, RunSummary, Selection } from '../../../runner/project.ts';
import { countOutcomes } from '../../../runner/report/count-outcomes.ts';
import type { Colors } from '../../../runner/wording/colors.ts';
import { joinFirst } from '../../../runner/wording/join-first.ts';
import { sizeText } from '../../../runner/wording/size-text.ts';
import { pluralize } from '../../../runner/wording/pluralize.ts';
import { countsText } from '../../../runner/report/counts-text.ts';
import { durationText } from '../../../runner/wording/duration-text.ts';

/** What of the command is typed again in the commands that come next. */
export interface TypedRun extends TypedPipeline {
  readonly selection?: Selection;
  readonly keepGoing?: true;
  readonly retryFailed?: true;
}

/** The end of a run: how many instances ended how, and what to do next after a failure. */
export function summaryText(
  { outcomes, seconds, exitCode, readsOutOfDate, dropped }: RunSummary,
  typed: TypedRun,
  colors: Colors,
): string {
  const named = (kind: Outcome['kind']): readonly InstanceId[] =>
    [...outcomes].filter(([, outcome]) => outcome.kind === kind).map(([id]) => id);
  const counts = countOutcomes(outcomes.values());
  const total = outcomes.size;
  if (total === 0 && exitCode === 0 && typed.retryFailed === true) {
    const noneToRetry = 'no instance failed, was blocked or was interrupted when it was last run';
    return `${colors.green('✓')} nothing to retry: ${noneToRetry} (see ${quotedCommand(typed, 'status')})\n`;
  }
  const time = durationText(seconds);
  if (counts['up-to-date'] - counts.adopted === total) {
    const state = readsOutOfDate ? 'named is up to date with its current inputs' : 'is up to date';
    return (
      `${colors.green('✓')} everything ${state}: ${pluralize(total, 'instance')}, ${time}\n` +
      droppedLines(dropped)
        .map((line) => `  ${line}\n`)
        .join('')
    );
  }
  const next = nextSteps(
    {
      failed: named('failed'),
      skipped: counts.skipped,
      isStopped: exitCode >= 130,
      isLeft: (counts.submitted ?? 0) + (counts.waiting ?? 0) > 0,
      edited: [...outcomes.values()].filter(isOfEditedInputs).length,
    },
    typed,
  );
  const mark = exitCode === 0 ? colors.green('✓') : colors.red('✗');
  const more = [...next, ...droppedLines(dropped)];
  const lines = [`${mark} ${countsText(counts)}, ${time}`, ...more.map((line) => `  ${line}`)];
  return `${lines.join('\n')}\n`;
}

function droppedLines(dropped: RunSummary['dropped']): readonly string[] {
  if (dropped === undefined) return [];
  const names = dropped.outs.map(({ instance, out }) => `${out} of ${instance}`);
  return [
    `dropped ${pluralize(names.length, 'temp out')} (${sizeText(dropped.bytes)}): ${joinFirst(names, 3)}`,
  ];
}

interface Unfinished {
  readonly failed: readonly InstanceId[];
  /** How many were not started, although none of their dependencies failed. */
  readonly skipped: number;
  readonly isStopped: boolean;
  /** Whether jobs are in a queue, or wait for what is. */
  readonly isLeft: boolean;
  /** How many results are not in the cache, since their inputs changed while they were computed. */
  readonly edited: number;
}

const isOfEditedInputs = (outcome: Outcome): boolean =>
  outcome.kind === 'ran' && outcome.edited !== undefined;

function nextSteps(unfinished: Unfinished, typed: TypedRun): readonly string[] {
  const { failed, skipped, isStopped, isLeft, edited } = unfinished;
  const more = failed.length - mostFailed;
  return [
    ...failed.slice(0, mostFailed).map((id) => `see ${quotedCommand(typed, 'log', [id])}`),
    ...(more > 0 ? [`… and ${more} more failed`] : []),
    ...(skipped > 0 && !isStopped && typed.keepGoing !== true ? [keepGoingText(skipped)] : []),
    ...(edited > 0 ? [editedText(edited)] : []),
    ...(failed.length > 0 || isStopped || isLeft ? [`continue with ${sameRun(typed)}`] : []),
  ];
}

/** What was selected, and nothing else: the rest of an experiment may take days. */
function sameRun({ selection, ...typed }: TypedRun): string {
  const { mode, patterns } = selection ?? { mode: 'needs', patterns: [] };
  return quotedCommand(typed, mode === 'needs' ? 'run' : `run --${mode}`, patterns);
}

function editedText(edited: number): string {
  const [are, their, them] = edited === 1 ? ['is', 'its', 'it'] : ['are', 'their', 'them'];
  const computed = `the next run computes ${them} again`;
  return (
    `${pluralize(edited, 'result')} ${are} not cached, since ` +
    `${their} inputs changed meanwhile: ${computed}`
  );
}

function keepGoingText(skipped: number): string {
  const [verb, them] = skipped === 1 ? ['does', 'it'] : ['do', 'them'];
  return (
    `${pluralize(skipped, 'instance')} ${verb} not depend on ` +
    `the failure: run ${them} with \`--keep-going\``
  );
}

const mostFailed = 5;
