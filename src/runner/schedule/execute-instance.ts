import { setTimeout } from 'node:timers/promises';
import type { Result } from '../../result.ts';
import type { Failure, Outcome } from '../event.ts';
import type { Key } from '../identity.ts';
import type { Reason } from '../manifest/reason.ts';
import { undeclaredPaths } from '../plan/command/check-command.ts';
import { type Instance, withheldOuts } from '../plan/instance.ts';
import { pluralize } from '../wording/pluralize.ts';
import {
  abandonAttempt,
  type Attempt,
  beginAttempt,
  earlierCpu,
  endAttempt,
  recordHandle,
  recordHost,
  recordUsage,
} from '../store/attempts.ts';
import { forgetAbsent, noteAbsent } from '../store/products.ts';
import { engineOf } from '../programs/engine.ts';
import { recordResult } from '../store/last-results.ts';
import { recordListing } from '../store/remembered/listings.ts';
import { type Found, readContent } from '../workspace/read-content.ts';
import { attemptFolder } from '../workspace/cache-layout.ts';
import { dropScratch, hasOrigin, openScratch, originOf, scratchPath } from '../workspace/scratch.ts';
import { placeOf, readUntil, shownPath, type Workspace } from '../workspace/workspace.ts';
import { type Assessment, identityOf, readCacheOf, type Session } from '../status/assess.ts';
import { attemptOuts, closeAttempt, dropFailed, keepFailed, openAttempt } from './attempt-folder.ts';
import { diskMessage } from '../store/database/disk-message.ts';
import { noSpaceLeft } from '../workspace/disk/no-space-left.ts';
import type { Gpu, Handle } from '../executors/executor.ts';
import { lastLines } from '../executors/output-file.ts';
import {
  clearWorkspaceOuts,
  keptFilesWarning,
  dropWorkspaceOuts,
  existingOutText,
  placeOut,
  removeOlderOuts,
} from './outs/place-outs.ts';
import { dropFoundOuts, foundOutsThatDiffer, putBackFoundOuts } from './outs/found-outs.ts';
import { type Made, publish, type WrittenOuts } from '../cache/cache.ts';
import { newNonce } from './new-nonce.ts';
import { noteSharedGpus } from './allotment/share-for.ts';
import { type InterruptedAttempt, interruptedAttempt } from './interrupted-attempts.ts';
import { type AttemptEnding, type AttemptRequest, followAttempt, runAttempt } from './run-attempt.ts';
import type { RunningStage } from './run-controls.ts';
import { type Run, warn } from './run.ts';
import { firstChangedFile } from '../status/first-changed-file.ts';

export interface Start {
  readonly because: readonly Reason[];
  readonly forced: boolean;
  /** Whether files at the paths of its outs may be overwritten, though no run made them. */
  readonly overwrite: boolean;
  readonly gpus: readonly Gpu[];
}

/**
 * Runs an instance's program until it has a result, fails for good, or is interrupted; files the result and
 * puts it in its place.
 */
export async function executeInstance(
  run: Run,
  instance: Instance,
  assessment: Assessment,
  { because, forced, overwrite, gpus }: Start,
): Promise<Outcome> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const cancelled = new AbortController();
  const listed: RunningStage = {
    instance,
    assessment,
    cancel(why) {
      if (cancelled.signal.aborted) return false;
      run.emit({ kind: 'cancelled', at: Date.now(), instance: instance.id, because: why });
      cancelled.abort();
      return true;
    },
  };
  run.running.add(listed);
  try {
    const { restarts } = run.session.executorOf(instance);
    let [failures, losses] = [0, 0];
    for (let attempt = 1; ; attempt++) {
      const left = attempt === 1 ? await leftByKilledRun(run, instance, assessment, forced) : undefined;
      const ready: Ready =
        left === undefined
          ? await prepare(run, instance, assessment, forced && attempt === 1)
          : { ok: true, resumed: false };
      const outcome: Outcome | Again = ready.ok
        ? await attemptOnce(
            run,
            instance,
            assessment,
            {
              because: left === undefined ? because : [{ kind: 'submitted-before' }],
              attempt,
              resumed: ready.resumed,
              overwrite,
              gpus,
              left,
              cancelled: cancelled.signal,
            },
            seconds,
          )
        : { kind: 'failed', failure: ready.failure, seconds: seconds(), tail: [] };
      await putBackFoundOuts(run.session, (key) => key === assessment.key);
      if (outcome.kind !== 'failed' && outcome.kind !== 'again') return outcome;
      if (cancelled.signal.aborted) return { kind: 'interrupted', seconds: seconds() };
      const isLost = outcome.failure.kind === 'lost' && losses < restarts;
      if (isLost) losses += 1;
      else if (outcome.kind === 'failed') failures += 1;
      if (outcome.kind === 'failed') {
        // An obstacle of one attempt blocks the next one too.
        const isHindered = !ready.ok || outcome.failure.kind === 'existing-outs';
        if (isHindered || failures > instance.retries || run.stop.isStopping()) return outcome;
      } else if (run.stop.isStopping()) return { kind: 'interrupted', seconds: seconds() };
      const delaySeconds = outcome.kind === 'again' ? 0 : run.retryDelay(isLost ? losses : failures);
      run.emit({
        kind: 'retrying',
        at: Date.now(),
        instance: instance.id,
        attempt: attempt + 1,
        failure: outcome.failure,
        delaySeconds,
      });
      await setTimeout(delaySeconds * 1000, undefined, {
        signal: AbortSignal.any([run.stop.stopped, cancelled.signal]),
      }).catch(() => undefined);
      if (cancelled.signal.aborted) return { kind: 'interrupted', seconds: seconds() };
      if (run.stop.isStopping())
        return outcome.kind === 'failed' ? outcome : { kind: 'interrupted', seconds: seconds() };
    }
  } finally {
    run.running.delete(listed);
  }
}

/** It continues in another attempt, regardless of the stage's `retries`. */
interface Again {
  readonly kind: 'again';
  readonly failure: Failure;
}

interface AttemptFacts {
  readonly because: readonly Reason[];
  readonly attempt: number;
  readonly resumed: boolean;
  readonly overwrite: boolean;
  readonly gpus: readonly Gpu[];
  /** Whose job is taken up, instead of a new one. */
  readonly left: InterruptedAttempt | undefined;
  /** Aborts when the result is no longer needed. */
  readonly cancelled: AbortSignal;
}

async function attemptOnce(
  run: Run,
  instance: Instance,
  assessment: Assessment,
  { because, attempt, resumed, overwrite, gpus, left, cancelled }: AttemptFacts,
  seconds: () => number,
): Promise<Outcome | Again> {
  const { session } = run;
  const { workspace, store, plan } = session;
  const executor = session.executorOf(instance);
  const { key } = assessment;
  const output = left?.attempt.output ?? run.nextOutput();
  const failed = (failure: Failure): Outcome => ({
    kind: 'failed',
    failure,
    seconds: seconds(),
    tail: lastLines(placeOf(workspace, output), tailLines, failure.kind !== 'reported'),
  });
  const record: Attempt = {
    run: run.run,
    pipeline: plan.pipeline,
    instance: instance.id,
    attempt,
    key,
    output,
    executor: executor.name,
    nonce: left?.job.nonce ?? newNonce(),
  };

  beginAttempt(store, record);
  // A file that is created now is the command's output, not its input.
  const isAbsent = (path: string): boolean => workspace.disk.lstat(placeOf(workspace, path)) === undefined;
  const absent = undeclaredPaths(instance).filter(isAbsent);
  const stage = { pipeline: plan.pipeline, stage: instance.stage };
  noteAbsent(store, stage, absent);
  const { id, params } = instance;
  run.emit({ kind: 'started', at: Date.now(), instance: id, key, because, attempt, resumed, params });
  const request: AttemptRequest = {
    session,
    executor,
    jobs: run.jobs.of(executor),
    instance,
    assessment,
    output,
    stop: run.stop,
    cancelled,
    detach: run.detach,
    onMessage: (message) => run.emit({ kind: 'message', at: Date.now(), instance: instance.id, message }),
    onOutput: (appended) =>
      run.emit({ kind: 'output', at: Date.now(), instance: instance.id, file: output, ...appended }),
    onUsage: (usage) => recordUsage(store, record, usage),
    onGpuUsage: (usage) => run.emit({ kind: 'gpu-usage', at: Date.now(), instance: instance.id, usage }),
    onForeignLines: (count) =>
      warn(run, instance.id, {
        severity: 'warning',
        code: 'bad-message',
        message: `ignored ${pluralize(count, 'malformed line')} on the event channel of ${instance.id}`,
      }),
  };
  const folder = placeOf(workspace, attemptFolder(key));
  const onSubmitted = (handle: Handle): void => {
    recordHandle(store, record, handle);
    const host = executor.hostOf({ nonce: record.nonce, folder });
    if (host !== undefined) recordHost(store, record, host);
  };
  const noted = noteSharedGpus(run, instance, gpus);
  let ending: AttemptEnding;
  if (left === undefined) ending = await runAttempt(request, { nonce: record.nonce, gpus, onSubmitted });
  else {
    onSubmitted(left.job.handle);
    abandonAttempt(store, left.attempt);
    ending = await followAttempt(request, left.job);
  }
  await noted;
  noteHost(run, instance, record, resumed || left !== undefined);
  forgetAbsent(store, stage, absent.filter(isAbsent));
  const interrupted = async (): Promise<Outcome> => {
    await dropWorkspaceOuts({ workspace, store, pipeline: plan.pipeline }, instance);
    await closeAttempt(workspace, key);
    endAttempt(store, record, 'interrupted');
    return { kind: 'interrupted', seconds: seconds() };
  };
  // The attempt stays open, for the run that needs its key.
  if (ending.kind === 'left') return { kind: 'submitted' };
  if (ending.kind === 'interrupted') return interrupted();
  if (ending.kind === 'resumable') {
    await interrupted();
    return { kind: 'again', failure: { kind: 'time-limit', hasCheckpoint: true } };
  }
  if (ending.kind === 'platform-differs' || ending.kind === 'inputs-changed') {
    const failure = await staleness(run, instance, assessment, ending);
    // It is checked again, and runs with its current inputs.
    if (failure === undefined) return interrupted();
    ending = { kind: 'failed', failure };
  }
  if (ending.kind === 'failed' && noSpaceLeft([workspace.root, placeOf(workspace, 'cache')])) {
    warn(run, instance.id, {
      severity: 'warning',
      code: 'disk-full',
      message:
        `the disk of the project or of its cache is full: ${instance.id} may have failed because of ` +
        'this, and its log may be incomplete',
      help: 'free some space (`pipeline gc --dry-run` lists results that can be deleted), then run again',
    });
  }
  const result =
    ending.kind === 'failed'
      ? { ok: false as const, error: ending.failure }
      : await finish(run, instance, assessment, { overwrite, seconds }).catch((error: unknown) => ({
          ok: false as const,
          error: { kind: 'disk' as const, message: diskMessage(error) },
        }));
  const outcome = result.ok ? result.value : failed(result.error);
  if (outcome.kind === 'interrupted') return interrupted();
  if (outcome.kind === 'failed') await keepFailed({ workspace, store }, instance, key).catch(() => undefined);
  endAttempt(store, record, outcome.kind === 'failed' ? 'failed' : 'done');
  return outcome;
}

/**
 * Stores where an attempt ran, and warns if it resumed from a checkpoint computed on another CPU model:
 * engines choose their kernels by the CPU's instructions.
 */
function noteHost(run: Run, instance: Instance, record: Attempt, mayResume: boolean): void {
  const { workspace, store, executorOf } = run.session;
  const folder = placeOf(workspace, attemptFolder(record.key));
  const found = executorOf(instance).hostOf({ nonce: record.nonce, folder });
  if (found === undefined) return;
  recordHost(store, record, found);
  const before = mayResume ? earlierCpu(store, record.key, record.nonce) : undefined;
  if (before === undefined || before === found.cpu || !hasCheckpoint(workspace, record.key)) return;
  warn(run, instance.id, {
    severity: 'warning',
    code: 'mixed-cpus',
    message:
      `${instance.id} resumed on ${found.cpu} (${found.host}) from a checkpoint that was computed on ` +
      `${before}: its result may differ in the last bits from that of a single CPU model`,
    help: 'for bit-identical results request one CPU model with "constraint", and run again with --force',
  });
}

/** A stage may have removed all of the cache. */
function hasCheckpoint(workspace: Workspace, key: Key): boolean {
  const place = placeOf(workspace, scratchPath(key));
  return workspace.disk.lstat(place)?.isDirectory() === true && workspace.disk.list(place).length > 0;
}

/**
 * The fault of a job that was not started because its key would have changed; undefined: the change is known
 * here now, and the instance is to be planned again.
 */
async function staleness(
  run: Run,
  instance: Instance,
  assessment: Assessment,
  ending: Extract<AttemptEnding, { readonly kind: 'platform-differs' | 'inputs-changed' }>,
): Promise<Failure | undefined> {
  if (ending.kind === 'inputs-changed')
    return (await touchedFile(run.session, instance, assessment)) === undefined
      ? { kind: 'lost', message: `${ending.path} is not the same file on ${ending.host} as it is here` }
      : undefined;
  const executor = run.session.executorOf(instance);
  const { os, arch, node } = ending.platform;
  const found = `${os} ${arch}, Node ${node}`;
  const learned = run.learned.get(executor) ?? found;
  run.learned.set(executor, learned);
  return learned === found
    ? undefined
    : {
        kind: 'platform',
        message:
          `the nodes of "${executor.name}" differ (${ending.host} has ${found}, another one has ` +
          `${learned}): request one kind with "constraint"`,
      };
}

/** The failed stage's last lines are shown; `log` has the rest. */
const tailLines = 40;

/**
 * The attempt at this key whose job outlived its runner. A job with other inputs, or one that must not count,
 * is cancelled.
 */
async function leftByKilledRun(
  { session, jobs }: Run,
  instance: Instance,
  { key, stamps }: Assessment,
  forced: boolean,
): Promise<InterruptedAttempt | undefined> {
  const executor = session.executorOf(instance);
  const left = await interruptedAttempt({ ...session, executor }, key);
  if (left === undefined) return undefined;
  if (!forced && (await hasOrigin(session.workspace, key, originOf(stamps)))) return left;
  executor.cancel([left.job.handle], 0);
  await jobs.of(executor).ended(left.job);
  abandonAttempt(session.store, left.attempt);
  return undefined;
}

type Ready =
  { readonly ok: true; readonly resumed: boolean } | { readonly ok: false; readonly failure: Failure };

async function prepare(
  run: Run,
  instance: Instance,
  { key, stamps }: Assessment,
  forced: boolean,
): Promise<Ready> {
  const { workspace, store, plan } = run.session;
  const places = { workspace, store, pipeline: plan.pipeline };
  const foreign = await clearWorkspaceOuts(places, instance, key, (folder) =>
    warn(run, instance.id, keptFilesWarning(folder)),
  );
  if (foreign !== undefined) return notReady(foreign);
  await openAttempt(workspace, instance, key);
  if (forced) await dropScratch(workspace, key);
  const resumed = await openScratch(workspace, key, originOf(stamps));
  return resumed.ok
    ? { ok: true, resumed: resumed.value }
    : notReady(`${resumed.error.path}: ${resumed.error.message}`);
}

const notReady = (message: string): Ready => ({ ok: false, failure: { kind: 'disk', message } });

/**
 * From "it exited with 0" to a result in its place. The order is the promise: outs present, deps untouched,
 * objects, row, place.
 */
async function finish(
  run: Run,
  instance: Instance,
  assessment: Assessment,
  { overwrite, seconds }: { readonly overwrite: boolean; readonly seconds: () => number },
): Promise<Result<Outcome, Failure>> {
  const { givenUp } = run.stop;
  const workspace = readUntil(run.session.workspace, givenUp);
  const { store, plan } = run.session;
  const interrupted = (): Result<Outcome, Failure> => ({
    ok: true,
    value: { kind: 'interrupted', seconds: seconds() },
  });
  const edited = await touchedFile({ ...run.session, workspace }, instance, assessment);
  const outs = new Map<string, { readonly path: string; readonly found: Found }>();
  const missing: string[] = [];
  for (const [name, path] of Object.entries(attemptOuts(instance, assessment.key))) {
    const found = await readContent(workspace, path, { links: 'keep', passing: true });
    // The file may have been read half-written.
    if (givenUp.aborted) return interrupted();
    if (!found.ok)
      return {
        ok: false,
        error: { kind: 'disk', message: `the out ${name}: ${found.error.message} (${found.error.path})` },
      };
    if (found.value === undefined) missing.push(name);
    else outs.set(name, { path, found: found.value });
  }
  if (missing.length > 0) return { ok: false, error: { kind: 'missing-outs', outs: missing } };

  const made = { run: run.run, seconds: seconds(), at: Date.now() };
  const published =
    instance.cache &&
    instance.smoke?.makesList !== false &&
    edited === undefined &&
    !leaves(run, instance, outs) &&
    (await filed(run, { ...run.session, workspace }, instance, assessment, outs, {
      ...made,
      withheld: withheldOuts(instance),
    }));
  if (givenUp.aborted && !published) return interrupted();
  if (edited !== undefined) {
    warn(run, instance.id, {
      severity: 'warning',
      code: 'dep-changed',
      message:
        `${edited} was changed while ${instance.id} ran: its result ` +
        `is kept in ${instance.folder}, not in the cache`,
      help: 'run again',
    });
  }
  // It is cached all the same: overwriting the found files is then a restore.
  const different = overwrite ? [] : await foundOutsThatDiffer(run.session, assessment.key, outs);
  const [first] = different;
  if (first !== undefined)
    return { ok: false, error: { kind: 'existing-outs', message: existingOutText(instance, first) } };
  const places = { workspace, store, pipeline: plan.pipeline };
  for (const [name, { path, found }] of outs) {
    const keptIn = await placeOut(places, instance, path, instance.outs[name]?.path ?? path, found);
    if (keptIn !== undefined) warn(run, instance.id, keptFilesWarning(keptIn));
  }
  await dropFoundOuts(run.session, assessment.key);
  await removeStaleKey(run, instance, assessment);
  if (published) recordFinished(run, instance, assessment, made.at);
  return {
    ok: true,
    value: { kind: 'ran', seconds: made.seconds, published, ...(edited === undefined ? {} : { edited }) },
  };
}

/** Records the result that an instance has from now on, and what a later comparison needs. */
export function recordFinished(
  { run, session: { store, plan, programs } }: Run,
  { id, program, params }: Instance,
  { key, manifest, inputs }: Assessment,
  at: number,
): void {
  recordResult(store, plan.pipeline, id, { key, manifest, run, at });
  for (const [digest, items] of inputs.listings) recordListing(store, digest, items);
  const code = program.kind === 'uses' ? programs.get(program.path) : undefined;
  if (code !== undefined) recordListing(store, code.identity, code.code);
  const engine = code && engineOf(code, params);
  if (engine?.facts.ok === true) recordListing(store, engine.facts.value.bundle, engine.facts.value.code);
}

/**
 * Reads all inputs of the result again, and returns the first file that has changed since the stage was
 * started.
 */
async function touchedFile(
  session: Session,
  instance: Instance,
  before: Assessment,
): Promise<string | undefined> {
  const now = await identityOf(session, instance, readCacheOf(session.workspace));
  if (!now.ok)
    return now.error.kind === 'inputs' ? (now.error.missing[0]?.path ?? 'a dep') : now.error.message;
  return firstChangedFile(before, now.value);
}

/** An out with a link to a place outside it depends on files that are not in the cache. */
function leaves(run: Run, instance: Instance, outs: WrittenOuts): boolean {
  const link = [...outs.values()].flatMap(({ found }) => found.leaving)[0];
  if (link === undefined) return false;
  warn(run, instance.id, {
    severity: 'warning',
    code: 'out-link',
    message:
      `${link} is a symbolic link to a place outside its out: ` +
      `the result of ${instance.id} is not cached`,
    help: 'write a file instead of a link',
  });
  return true;
}

/** Files the result; a disk that does not take it costs the caching, not the result. */
async function filed(
  run: Run,
  session: Session,
  instance: Instance,
  assessment: Assessment,
  outs: WrittenOuts,
  made: Made,
): Promise<boolean> {
  const published = await publish(session, assessment, outs, made).catch((error: unknown) => ({
    ok: false as const,
    error: { path: 'cache', message: diskMessage(error) },
  }));
  const { store } = session;
  // Data written to a deleted file is lost with this process.
  if (published.ok && store.isInPlace()) return true;
  if (run.stop.givenUp.aborted) return false;
  const why = published.ok
    ? `${shownPath(session.workspace, store.file)} was removed during the run`
    : `${published.error.path}: ${published.error.message}`;
  warn(run, instance.id, {
    severity: 'warning',
    code: 'not-cached',
    message: `the result of ${instance.id} could not be cached (${why}); it is kept in ${instance.folder}`,
  });
  return false;
}

/** Removes what the attempt left behind. */
async function removeStaleKey(run: Run, instance: Instance, { key }: Assessment): Promise<void> {
  const { workspace, store, plan } = run.session;
  for (const path of await removeOlderOuts({ workspace, store, pipeline: plan.pipeline }, instance)) {
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
