import type { Result } from '../../../result.ts';
import type { WrittenOuts } from '../../cache/publish.ts';
import type { Failure, Outcome } from '../../event.ts';
import { dropScratch } from '../../workspace/scratch.ts';
import { readUntil } from '../../workspace/workspace.ts';
import { dropFoundOuts, foundOutsThatDiffer } from '../outs/found-outs.ts';
import { existingOutText, keptFilesWarning, placeOut, removeOlderOuts } from '../outs/place-outs.ts';
import { readOuts } from '../outs/read-outs.ts';
import { recordFinished } from '../record-finished.ts';
import { warn } from '../run.ts';
import { attemptOuts, closeAttempt, dropFailed } from './attempt-folder.ts';
import { changedInput } from './changed-input.ts';
import { type Execution, interrupted } from './execution.ts';
import { publishOuts } from './publish-outs.ts';

/** How a program that exited with 0 may end, if it did not fail. */
type Filed = Extract<Outcome, { readonly kind: 'ran' | 'interrupted' }>;

/**
 * From "it exited with 0" to a result in its place. The order is the promise: outs present, deps untouched,
 * objects, row, place.
 */
export async function fileResult(execution: Execution): Promise<Result<Filed, Failure>> {
  const { run, instance, assessment } = execution;
  const { givenUp } = run.stop;
  const abandonable = readingUntil(execution, givenUp);
  const edited = await changedInput(abandonable.run.session, instance, assessment);
  const outs = await writtenOuts(abandonable);
  // A file may have been read half-written.
  if (givenUp.aborted) return { ok: true, value: interrupted(execution) };
  if (!outs.ok) return outs;

  const made = { seconds: execution.seconds(), at: Date.now() };
  const published = edited === undefined && (await publishOuts(abandonable, outs.value, made));
  if (givenUp.aborted && !published) return { ok: true, value: interrupted(execution) };
  if (edited !== undefined) warnOfEdit(execution, edited);
  const fault = await existingOutsFault(execution, outs.value);
  if (fault !== undefined) return { ok: false, error: fault };
  await placeAll(abandonable, outs.value);
  await dropFoundOuts(run.session, assessment.key);
  await removeLeftovers(execution);
  if (published) recordFinished(run, instance, assessment, made.at);
  return {
    ok: true,
    value: { kind: 'ran', seconds: made.seconds, published, ...(edited === undefined ? {} : { edited }) },
  };
}

/** The same execution, in which a signal ends what reads a file. */
function readingUntil(execution: Execution, signal: AbortSignal): Execution {
  const { run } = execution;
  const workspace = readUntil(run.session.workspace, signal);
  return { ...execution, run: { ...run, session: { ...run.session, workspace } } };
}

async function writtenOuts({ run, instance, assessment }: Execution): Promise<Result<WrittenOuts, Failure>> {
  const read = await readOuts(run.session.workspace, attemptOuts(instance, assessment.key));
  if (!read.ok) return { ok: false, error: { kind: 'disk', message: read.error } };
  const { outs, missing } = read.value;
  return missing.length > 0
    ? { ok: false, error: { kind: 'missing-outs', outs: missing } }
    : { ok: true, value: outs };
}

const warnOfEdit = ({ run, instance }: Execution, edited: string): void =>
  warn(run, instance.id, {
    severity: 'warning',
    code: 'dep-changed',
    message:
      `${edited} was changed while ${instance.id} ran: its result ` +
      `is kept in ${instance.folder}, not in the cache`,
    help: 'run again',
  });

/**
 * Files that no run made are not replaced. The result is cached all the same: then overwriting is a restore.
 */
async function existingOutsFault(
  { run, instance, assessment, overwrite }: Execution,
  outs: WrittenOuts,
): Promise<Failure | undefined> {
  if (overwrite) return undefined;
  const [different] = await foundOutsThatDiffer(run.session, assessment.key, outs);
  return different === undefined
    ? undefined
    : { kind: 'existing-outs', message: existingOutText(run.session, instance, different) };
}

async function placeAll({ run, instance }: Execution, outs: WrittenOuts): Promise<void> {
  for (const [name, { path, found }] of outs) {
    const keptIn = await placeOut(run.session, instance, path, instance.outs[name]?.path ?? path, found);
    if (keptIn !== undefined) warn(run, instance.id, keptFilesWarning(keptIn));
  }
}

/** Removes what this attempt and earlier results left behind. */
async function removeLeftovers({ run, instance, assessment: { key } }: Execution): Promise<void> {
  const { workspace } = run.session;
  for (const path of await removeOlderOuts(run.session, instance)) {
    warn(run, instance.id, {
      severity: 'warning',
      code: 'left',
      message: `${path} is no longer an out of ${instance.id}; it was not deleted because it was edited`,
    });
  }
  await dropScratch(workspace, key);
  await dropFailed(workspace, instance);
  await closeAttempt(workspace, key);
}
