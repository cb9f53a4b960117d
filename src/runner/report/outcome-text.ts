import type { DisplacedOut, Event, Failure, Origin, Outcome } from '../event.ts';
import { filesText } from './reason-text.ts';
import { joinFirst } from '../wording/join-first.ts';
import { pluralize } from '../wording/pluralize.ts';
import { durationText } from '../wording/duration-text.ts';
import { printableLines } from '../wording/printable.ts';
import { sizeText } from '../wording/size-text.ts';

/** How an instance ended, in a few words. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'ran':
      return `done in ${durationText(outcome.seconds)}${outcome.published ? '' : ', not cached'}`;
    case 'up-to-date':
      return outcome.adopted === true ? 'adopted existing files, nothing was run' : 'up to date';
    case 'restored':
      return restoredText(outcome);
    case 'failed':
      return outcome.before === true
        ? `not retried: nothing it depends on has changed since it failed (${failureText(outcome.failure)})`
        : `failed after ${durationText(outcome.seconds)}: ${failureText(outcome.failure)}`;
    case 'blocked':
      return `not started: ${outcome.by} failed`;
    case 'skipped':
      return 'skipped';
    case 'interrupted':
      return `interrupted after ${durationText(outcome.seconds)}`;
    case 'submitted':
      return 'submitted: its job continues without this run';
    case 'waiting':
      return 'waiting: the next run continues';
  }
}

function restoredText({
  files,
  bytes,
  origin,
  displaced = [],
}: Extract<Outcome, { readonly kind: 'restored' }>): string {
  const size = `${pluralize(files, 'file')}, ${sizeText(bytes)}`;
  const from = origin === undefined ? `cache (${size})` : `shared cache (${size}; ${originText(origin)})`;
  return `restored from the ${from}${displaced.length === 0 ? '' : `: ${displacedText(displaced, 'was')}`}`;
}

/** Who made a result elsewhere, when, and how long that took. */
export const originText = ({ signer, host, at, seconds }: Origin): string =>
  `computed on ${host} in ${durationText(seconds)}, ` +
  `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC, signed by ` +
  `${signer.slice(0, 24)}…`;

/** The outs that differ from their results: the first by name, and how many more. */
export const displacedText = (outs: readonly DisplacedOut[], verb: 'is' | 'was' = 'is'): string =>
  joinFirst(
    outs.map((out) => displacedOutText(out, verb)),
    1,
  );

/** How an out differs from its result. */
export function displacedOutText({ path, was, files = [] }: DisplacedOut, verb: 'is' | 'was' = 'is'): string {
  if (files.length > 0 && was !== 'foreign') return `${path}: ${filesText(files)}`;
  switch (was) {
    case 'missing':
      return `${path} ${verb} missing`;
    case 'changed':
      return `${path} was changed`;
    case 'foreign':
      return `${path} was not written by a run and differs from the result`;
    case 'another-result':
      return `${path} ${verb === 'is' ? 'contains' : 'contained'} another result`;
  }
}

/** Why an attempt is followed by another, and when. */
export const retryText = ({
  failure,
  attempt,
  delaySeconds,
}: Extract<Event, { readonly kind: 'retrying' }>): string =>
  `${failureText(failure)}; attempt ${attempt} in ${durationText(delaySeconds)}`;

/** As a predicate: "failed with exit code 1", "failed: timed out after 10 s". */
export const failedText = (failure: Failure): string =>
  `failed${failure.kind === 'exit' ? ' with' : ':'} ${failureText(failure)}`;

const outReference = (out: string): string => `\`\${outs.${out}}\``;

/** What went wrong. */
export function failureText(failure: Failure): string {
  switch (failure.kind) {
    case 'exit':
      return `exit code ${failure.code}`;
    case 'signal':
      return `killed by ${failure.signal}`;
    case 'timeout':
      return `timed out after ${durationText(failure.seconds)}`;
    case 'missing-outs':
      return `exited with 0 but wrote nothing to ${failure.outs.map(outReference).join(', ')}`;
    case 'spawn':
      return `could not be started: ${failure.message}`;
    case 'lost':
      return failure.message ?? 'its job disappeared without leaving a result';
    case 'out-of-memory':
      return failure.bytes === undefined
        ? 'out of memory: request more with `resources.memory`'
        : `out of memory with the ${sizeText(failure.bytes)} that it requested: raise \`resources.memory\``;
    case 'time-limit':
      return failure.hasCheckpoint === true
        ? 'its job reached its time limit: another job continues from its checkpoint'
        : failure.seconds === undefined
          ? 'its job reached its time limit without a checkpoint: request more with `resources.time`'
          : `its job reached its time limit (${durationText(failure.seconds)}) without a checkpoint: raise ` +
            '`resources.time`';
    case 'reported':
      return printableLines(failure.text);
    case 'cancelled':
    case 'platform':
    case 'existing-outs':
    case 'disk':
      return failure.message;
  }
}

/** Which temp outs have no bytes, and what for that runs again. */
export const droppedText = (outs: readonly string[]): string =>
  `temp ${outs.length === 1 ? 'out' : 'outs'} ${joinFirst(outs, 3)} dropped: runs again only if what reads ` +
  `${outs.length === 1 ? 'it' : 'them'} has to run`;
