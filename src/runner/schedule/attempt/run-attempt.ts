import type { Failure } from '../../event.ts';
import type { Handle } from '../../executors/executor.ts';
import { lastLines } from '../../executors/output-file.ts';
import {
  type Attempt,
  beginAttempt,
  endAttempt,
  recordHandle,
  recordHost,
  recordUsage,
  takeUpAttempt,
} from '../../store/attempts.ts';
import { diskMessage } from '../../store/database/disk-message.ts';
import { pluralize } from '../../wording/pluralize.ts';
import { attemptFolder } from '../../workspace/cache-layout.ts';
import { noSpaceLeft } from '../../workspace/disk/no-space-left.ts';
import { quotedCommand } from '../../wording/command-text.ts';
import { placeOf } from '../../workspace/workspace.ts';
import { noteSharedGpus } from '../allotment/share-for.ts';
import { dropWorkspaceOuts } from '../outs/place-outs.ts';
import { warn } from '../run.ts';
import { closeAttempt, keepFailed } from './attempt-folder.ts';
import { type Execution, interrupted } from './execution.ts';
import { fileResult } from './file-result.ts';
import type { JobEnding } from './job-ending.ts';
import { newNonce } from './new-nonce.ts';
import { noteHost } from './note-host.ts';
import { noteProducts } from './note-products.ts';
import { type Beginning, prepareAttempt } from './prepare-attempt.ts';
import { refusalFault } from './refused-start.ts';
import type { AttemptEnd } from './retries.ts';
import { followJob, type JobRequest, runJob } from './run-job.ts';

/** One attempt at an instance: prepares it, waits for the end of its job, and files the result. */
export async function runAttempt(execution: Execution, attempt: number): Promise<AttemptEnd> {
  const { run, instance, seconds } = execution;
  const prepared = await prepareAttempt(execution, attempt);
  if (!prepared.ok)
    return {
      kind: 'obstructed',
      outcome: { kind: 'failed', failure: prepared.error, seconds: seconds(), tail: [] },
    };
  const beginning = prepared.value;
  const record = recordOf(execution, attempt, beginning);
  if (beginning.kind === 'taken-up') takeUpAttempt(run.session.store, record, beginning.left.attempt);
  else beginAttempt(run.session.store, record);
  const endProducts = noteProducts(run.session, instance);
  emitStarted(execution, record, beginning);
  const ending = await endOfJob(execution, record, beginning);
  noteHost(execution, record, beginning.kind === 'taken-up' || beginning.resumed);
  endProducts();
  return conclude(execution, record, ending);
}

const recordOf = ({ run, instance, assessment }: Execution, attempt: number, begun: Beginning): Attempt => ({
  run: run.run,
  pipeline: run.session.plan.pipeline,
  instance: instance.id,
  attempt,
  key: assessment.key,
  output: begun.kind === 'taken-up' ? begun.left.attempt.output : run.nextOutput(),
  executor: run.session.executorOf(instance).name,
  nonce: begun.kind === 'taken-up' ? begun.left.job.nonce : newNonce(),
});

const emitStarted = (
  { run, instance: { id, params }, because }: Execution,
  { key, attempt }: Attempt,
  beginning: Beginning,
): void =>
  run.emit({
    kind: 'started',
    at: Date.now(),
    instance: id,
    key,
    because: beginning.kind === 'taken-up' ? [{ kind: 'submitted-before' }] : because,
    attempt,
    resumed: beginning.kind === 'new' && beginning.resumed,
    params,
  });

/** Submits the job of an attempt, or takes it up, and waits for its end. */
async function endOfJob(execution: Execution, record: Attempt, beginning: Beginning): Promise<JobEnding> {
  const { run, instance, gpus } = execution;
  const request = jobRequest(execution, record);
  const onSubmitted = (handle: Handle): void => recordSubmitted(execution, record, handle);
  const noted = noteSharedGpus(run, instance, gpus);
  let ending: JobEnding;
  if (beginning.kind === 'new') ending = await runJob(request, { nonce: record.nonce, gpus, onSubmitted });
  else {
    const { job } = beginning.left;
    onSubmitted(job.handle);
    ending = await followJob(request, job);
  }
  await noted;
  return ending;
}

function jobRequest({ run, instance, assessment, cancelled }: Execution, record: Attempt): JobRequest {
  const { store } = run.session;
  return {
    run,
    instance,
    assessment,
    output: record.output,
    cancelled,
    onUsage: (usage) => recordUsage(store, record, usage),
    onGpuUsage: (usage) => run.emit({ kind: 'gpu-usage', at: Date.now(), instance: instance.id, usage }),
    onForeignLines: (count) =>
      warn(run, instance.id, {
        severity: 'warning',
        code: 'bad-message',
        message: `ignored ${pluralize(count, 'malformed line')} on the event channel of ${instance.id}`,
      }),
  };
}

function recordSubmitted({ run, instance }: Execution, record: Attempt, handle: Handle): void {
  const { workspace, store, executorOf } = run.session;
  recordHandle(store, record, handle);
  const folder = placeOf(workspace, attemptFolder(record.key));
  const host = executorOf(instance).hostOf({ nonce: record.nonce, folder });
  if (host !== undefined) recordHost(store, record, host);
}

async function conclude(execution: Execution, record: Attempt, ending: JobEnding): Promise<AttemptEnd> {
  switch (ending.kind) {
    case 'exited':
      return file(execution, record);
    case 'failed':
      return failJob(execution, record, ending.failure);
    case 'left':
      // The attempt stays open, for the run that needs its key.
      return { kind: 'settled', outcome: { kind: 'submitted' } };
    case 'interrupted':
      return interrupt(execution, record);
    case 'resumable':
      await interrupt(execution, record);
      return { kind: 'resumable', failure: { kind: 'time-limit', hasCheckpoint: true } };
    case 'platform-differs':
    case 'inputs-changed': {
      const failure = await refusalFault(execution, ending);
      // It is checked again, and runs with its current inputs.
      return failure === undefined ? interrupt(execution, record) : failJob(execution, record, failure);
    }
  }
}

async function file(execution: Execution, record: Attempt): Promise<AttemptEnd> {
  const filed = await fileResult(execution).catch((error: unknown) => ({
    ok: false as const,
    error: { kind: 'disk' as const, message: diskMessage(error) },
  }));
  if (!filed.ok) return fail(execution, record, filed.error);
  if (filed.value.kind === 'interrupted') return interrupt(execution, record);
  endAttempt(execution.run.session.store, record, 'done');
  return { kind: 'settled', outcome: filed.value };
}

async function interrupt(execution: Execution, record: Attempt): Promise<AttemptEnd> {
  const { session } = execution.run;
  await dropWorkspaceOuts(session, execution.instance);
  await closeAttempt(session.workspace, record.key);
  endAttempt(session.store, record, 'interrupted');
  return { kind: 'settled', outcome: interrupted(execution) };
}

function failJob(execution: Execution, record: Attempt, failure: Failure): Promise<AttemptEnd> {
  const { run, instance } = execution;
  const { workspace, plan } = run.session;
  if (noSpaceLeft([workspace.root, placeOf(workspace, 'cache')]))
    warn(run, instance.id, {
      severity: 'warning',
      code: 'disk-full',
      message:
        `the disk of the project or of its cache is full: ${instance.id} may have failed because of ` +
        'this, and its log may be incomplete',
      help:
        `free some space (${quotedCommand(plan.typed, 'gc --dry-run')} lists results that can be deleted), ` +
        'then run again',
    });
  return fail(execution, record, failure);
}

async function fail(
  { run: { session }, instance, seconds }: Execution,
  record: Attempt,
  failure: Failure,
): Promise<AttemptEnd> {
  const log = placeOf(session.workspace, record.output);
  const outcome = {
    kind: 'failed' as const,
    failure,
    seconds: seconds(),
    tail: lastLines(log, tailLines, failure.kind !== 'reported'),
  };
  await keepFailed(session, instance, record.key).catch(() => undefined);
  endAttempt(session.store, record, 'failed');
  return { kind: failure.kind === 'existing-outs' ? 'obstructed' : 'failed', outcome };
}

/** The failed stage's last lines are shown; `log` has the rest. */
const tailLines = 40;
