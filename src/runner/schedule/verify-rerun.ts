import type { RerunVerification } from '../answers/verification.ts';
import type { Result } from '../../result.ts';
import type { DifferentOut, VerificationOutcome } from '../event.ts';
import type { Executor, Gpu, Handle, Usage } from '../executors/executor.ts';
import type { InstanceId } from '../identity.ts';
import { treeChanges } from '../manifest/tree.ts';
import { type Content, sameContent } from '../manifest/manifest.ts';
import type { Instance } from '../plan/instance.ts';
import { failedText } from '../report/outcome-text.ts';
import { readContent } from '../workspace/read-content.ts';
import type { Cache } from '../cache/cache.ts';
import { confirmAdopted } from '../cache/entry-facts.ts';
import { listingOf } from '../cache/cached-files.ts';
import { restore } from '../cache/restore.ts';
import { quotedCommand } from '../wording/command-text.ts';
import { forgetReproduced, recordReproduced } from '../store/reproduced.ts';
import { dropScratch, openScratch, originOf } from '../workspace/scratch.ts';
import { type Assessment, assess } from '../status/assess.ts';
import { readCacheOf } from '../status/identity/read-cache.ts';
import { attemptOuts, closeAttempt, openAttempt } from './attempt/attempt-folder.ts';
import { type Run, warn } from './run.ts';
import { clearWorkspaceOuts, foreignFault, keptFilesWarning, workspaceOuts } from './outs/place-outs.ts';
import { allotment, type Share } from './allotment/allotment.ts';
import { claimsOfRun } from './allotment/claims-of-run.ts';
import { shareFor } from './allotment/share-for.ts';
import { newNonce } from './attempt/new-nonce.ts';
import { interruptedAttempt } from './attempt/interrupted-attempts.ts';
import type { JobEnding } from './attempt/job-ending.ts';
import { retryCounter } from './attempt/retries.ts';
import { runJob } from './attempt/run-job.ts';
import { beginAttempt, endAttempt, recordHandle, recordUsage } from '../store/attempts.ts';
import { unassessableText } from '../status/unassessable-text.ts';

/**
 * Executes an instance that has a result once more, beside it, and compares the results. The error is why
 * that was not possible.
 */
export async function rerunAndCompare(run: Run, instance: Instance): Promise<Result<RerunVerification>> {
  const { session } = run;
  const command = (name: string, id: InstanceId): string => quotedCommand(session.plan.typed, name, [id]);
  const assessed = await assess(
    session,
    instance,
    { forced: false, cache: true },
    readCacheOf(session.workspace),
  );
  if (!assessed.ok) return { ok: false, error: unassessableText(assessed.error, session.plan.typed) };
  const { key, manifest, decision, inputs } = assessed.value;
  const [lacking] = inputs.dropped;
  if (lacking !== undefined)
    return {
      ok: false,
      error:
        `${lacking.path} was dropped: bring it back with ${command('run', lacking.instance)}, ` +
        'then verify again',
    };
  if (decision.kind !== 'restore')
    return { ok: false, error: `${instance.id} has no result in the cache to compare with` };
  const executor = session.executorOf(instance);
  if ((await interruptedAttempt({ ...session, executor }, key)) !== undefined)
    return {
      ok: false,
      error:
        `${instance.id} has a job in a queue, which no run waits for: end it with ` +
        command('cancel', instance.id),
    };
  const { outs } = decision.entry;
  const { workspace, store, plan } = session;
  const foreign = foreignFault(session, instance, workspaceOuts(instance));
  if (foreign !== undefined) return { ok: false, error: foreign };
  const share = await shareAlone(run, instance, executor);
  try {
    if (run.stop.isStopping()) return { ok: false, error: `${instance.id} was not executed again` };
    const ended = await again(run, instance, assessed.value, share.gpus);
    if (ended !== undefined) {
      noteOutcome(run, instance, { kind: 'incomplete', message: ended });
      return {
        ok: false,
        error: `${instance.id}, executed again, ${ended} (see ${command('log', instance.id)})`,
      };
    }
    const different: DifferentOut[] = [];
    for (const [out, path] of Object.entries(attemptOuts(instance, key))) {
      const before = outs[out];
      const files = before && (await differing(session, path, before));
      if (files !== undefined) different.push({ out, files });
    }
    if (different.length === 0) {
      confirmAdopted(session, key);
      recordReproduced(store, key, manifest);
    } else forgetReproduced(store, manifest);
    noteOutcome(
      run,
      instance,
      different.length === 0 ? { kind: 'identical' } : { kind: 'different', different },
    );
    return { ok: true, value: { instance: instance.id, different } };
  } finally {
    share.release();
    await closeAttempt(workspace, key);
    await dropScratch(workspace, key);
    // A program that writes where it likes has overwritten its result.
    const overwritten = Object.entries(instance.outs).filter(([, out]) => out.workspace);
    await restore(session, decision.entry, {
      pipeline: plan.pipeline,
      instance: instance.id,
      outs: overwritten.map(([name, { path }]) => ({ name, path, inPlace: false })),
    });
  }
}

const noteOutcome = (run: Run, { id }: Instance, outcome: VerificationOutcome): void =>
  run.emit({ kind: 'verified', at: Date.now(), instance: id, outcome });

/** All that it asks for: nothing else runs, and a machine with too few GPUs leaves it without, to fail. */
function shareAlone(run: Run, instance: Instance, executor: Executor): Promise<Share> {
  const capacity = executor.capacity(1);
  const gpus = Math.min(instance.resources.gpus, capacity.gpus()?.length ?? Infinity);
  const wanted = { ...instance, resources: { ...instance.resources, gpus, memory: 0 } };
  return shareFor(run, wanted, allotment(capacity, claimsOfRun(run, executor)));
}

/** Runs the program from nothing, where its instance runs; gives how it ended, if not well. */
async function again(
  run: Run,
  instance: Instance,
  assessment: Assessment,
  gpus: readonly Gpu[],
): Promise<string | undefined> {
  const { session } = run;
  const { workspace } = session;
  await clearWorkspaceOuts(session, instance, assessment.key, (folder) =>
    warn(run, instance.id, keptFilesWarning(folder)),
  );
  const { key } = assessment;
  const executor = session.executorOf(instance);
  await dropScratch(workspace, key);
  // As in a run: its queue ended it before it was done, or lost it. A failure is the answer.
  const delayAfter = retryCounter({ retries: 0, restarts: executor.restarts, delay: () => 0 });
  for (let attempt = 1; ; attempt++) {
    await openAttempt(workspace, instance, key);
    const resumed = await openScratch(workspace, key, originOf(assessment.stamps));
    if (!resumed.ok) return `failed (${resumed.error.path}: ${resumed.error.message})`;
    const ending = await oneAttempt(run, instance, assessment, { attempt, resumed: resumed.value, gpus });
    const goesOn =
      (ending.kind === 'failed' || ending.kind === 'resumable') && delayAfter(ending) !== undefined;
    if (!goesOn || run.stop.isStopping()) return endingText(ending);
  }
}

/**
 * The attempt is recorded: for `pipeline log`, and for `pipeline cancel` and the next run if the runner dies
 * while its job is in a queue.
 */
async function oneAttempt(
  run: Run,
  instance: Instance,
  assessment: Assessment,
  {
    attempt,
    resumed,
    gpus,
  }: { readonly attempt: number; readonly resumed: boolean; readonly gpus: readonly Gpu[] },
): Promise<JobEnding> {
  const { session } = run;
  const { store, plan } = session;
  const { key } = assessment;
  const executor = session.executorOf(instance);
  const output = run.nextOutput();
  const nonce = newNonce();
  const record = {
    run: run.run,
    pipeline: plan.pipeline,
    instance: instance.id,
    attempt,
    key,
    output,
    executor: executor.name,
    nonce,
  };
  beginAttempt(store, record);
  run.emit({
    kind: 'started',
    at: Date.now(),
    instance: instance.id,
    key,
    because: [{ kind: 'verification' }],
    attempt,
    resumed,
    params: instance.params,
  });
  const onUsage = (usage: Usage): void => recordUsage(store, record, usage);
  const onSubmitted = (handle: Handle): void => recordHandle(store, record, handle);
  const request = { run, instance, assessment, output, endsWithRun: true, onUsage };
  const ending = await runJob(request, { nonce, gpus, onSubmitted });
  endAttempt(store, record, 'verified');
  return ending;
}

function endingText(ending: JobEnding): string | undefined {
  switch (ending.kind) {
    case 'exited':
      return undefined;
    case 'interrupted':
    case 'left':
    case 'resumable':
      return 'was interrupted';
    case 'platform-differs':
    case 'inputs-changed':
      return `was not started (${ending.kind})`;
    case 'failed':
      return failedText(ending.failure);
  }
}

/**
 * The files of an out that are not as before; none: a file, or a form, that differs as a whole; undefined:
 * all is the same.
 */
async function differing(
  { workspace }: Pick<Cache, 'workspace'>,
  path: string,
  before: Content,
): Promise<readonly string[] | undefined> {
  const found = await readContent(workspace, path, { links: 'keep', passing: true });
  if (!found.ok || found.value === undefined) return [];
  if (sameContent(found.value.content, before)) return undefined;
  const listing = before.form === 'folder' ? await listingOf({ workspace }, before.digest) : undefined;
  return listing === undefined ? [] : treeChanges(listing, found.value.items).map((change) => change.path);
}
