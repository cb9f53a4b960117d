import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, realpathSync, rmSync, statSync, writeSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { usageMeter } from '../local/usage-meter.ts';
import { endFamily, type Family, trySignal } from '../local/processes.ts';
import { graceSeconds, type Usage } from '../executor.ts';
import { hasNewFile } from './checkpoints.ts';
import {
  claimPath,
  eventsPath,
  type JobFile,
  type JobMachine,
  jobFilePath,
  parseOwn,
  reservePath,
  type ResultFile,
  resultPath,
  type StopReason,
  type WrapperEnding,
} from './job-file.ts';
import { jobMark } from './job-mark.ts';
import { outOfMemoryKills } from './out-of-memory.ts';
import { readShared, writeShared } from './shared-file.ts';

/**
 * What a job in a queue runs: `job-wrapper.js FOLDER NONCE`, with the folder of its attempt. It looks whether
 * it is where it should be, starts the program, hands signals on, and writes the result file. It opens no
 * database.
 */
const [folder = '', nonce = ''] = process.argv.slice(2);
const started = Date.now();
const here: JobMachine = {
  host: hostname(),
  cpu: cpus()[0]?.model ?? 'unknown',
  platform: {
    os: process.platform,
    arch: process.arch,
    node: process.versions.node.split('.')[0] ?? '',
  },
};

async function main(): Promise<number> {
  const job = fencedJob();
  if (job === undefined) return leave('its attempt was abandoned');
  const refusal = refusalOf(job);
  if (refusal !== undefined) return publish(refusal);
  if (!claim()) return leave('it was already started');
  if (job.program.kind === 'probe') return publish({ kind: 'exit', code: 0 });
  return runProgram(job);
}

/** Undefined: another attempt has its place, or none. */
function fencedJob(): JobFile | undefined {
  const job = parseOwn<JobFile>(readShared(jobFilePath(folder)));
  return job?.nonce === nonce ? job : undefined;
}

/** Why the program is not started here. */
function refusalOf({ root, platform, stamps }: JobFile): WrapperEnding | undefined {
  const cwd = process.cwd();
  if (cwd !== realpathSync(root))
    return { kind: 'refused', message: `the job works in ${cwd} on ${here.host}, not in ${root}` };
  const differs =
    platform !== null &&
    (platform.os !== here.platform.os ||
      platform.arch !== here.platform.arch ||
      platform.node !== here.platform.node);
  if (differs) return { kind: 'platform-differs' };
  const changed = stamps.find(([path, stamp]) => !isAsPlanned(join(root, path), path, stamp));
  return changed && { kind: 'inputs-changed', path: changed[0] };
}

/**
 * Compares inode, size and times: device numbers differ between machines. The content of a folder is compared
 * by the runner alone, when it has the result.
 */
function isAsPlanned(inRoot: string, path: string, stamp: string): boolean {
  const stats = statSync(path.startsWith('/') ? path : inRoot, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return /^0:0:0:0:0$/.test(stamp);
  return (
    stats.isDirectory() ||
    stamp.slice(stamp.indexOf(':')) === `:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`
  );
}

/** Whether this is the one wrapper that starts the program. */
function claim(): boolean {
  try {
    const file = openSync(claimPath(folder, nonce), 'wx', 0o600);
    writeSync(file, JSON.stringify({ nonce, ...here, started }));
    closeSync(file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function runProgram(job: JobFile): Promise<number> {
  const killsBefore = outOfMemoryKills();
  let startedFamily: Family | undefined;
  let why: StopReason | undefined;
  const stopping = new AbortController();
  const stop = (reason: StopReason, grace: number | null): void => {
    why ??= reason;
    stopping.abort();
    if (startedFamily?.group === undefined) return;
    // The program may have ended already, by a signal of its own.
    if (grace === null) trySignal(-startedFamily.group, 'SIGTERM');
    else void endFamily(startedFamily, grace);
  };
  // Before the program starts: what it does first may be what makes somebody end the job. The queue sends the
  // first before the time limit, and the second when it ends the job.
  process.on('SIGUSR1', () => stop('time-limit', null));
  process.on('SIGTERM', () => stop('signal', null));
  process.on('SIGINT', () => stop('signal', null));
  const printed = openSync(job.output, 'a', 0o600);
  const events = openSync(eventsPath(folder, nonce), 'a', 0o600);
  const [file = '', ...words] = wordsOf(job);
  const child = spawn(file, words, {
    cwd: job.root,
    env: environmentOf(job),
    detached: true,
    stdio: ['ignore', printed, printed, events],
  });
  closeSync(printed);
  closeSync(events);
  const meter = usageMeter();
  const ended = endingOf(child);
  const { pid } = child;
  if (pid === undefined) return publish(await ended);
  meter.follow(pid);
  const family: Family = { group: pid, mark: jobMark(nonce, job.output) };
  startedFamily = family;
  const timer =
    job.timeoutSeconds === null
      ? undefined
      : setTimeout(() => stop('timeout', graceSeconds), Math.min(job.timeoutSeconds * 1000, longestTimer));
  const fence = setInterval(() => {
    if (isGivenUp()) void endFamily(family, 0);
  }, fenceMilliseconds);
  const ending = await ended;
  const usage = await meter.ended(pid);
  clearTimeout(timer);
  clearInterval(fence);
  await endFamily(family, graceSeconds);
  if (why === undefined && ending.kind === 'signal')
    await sleep(sharedSignalMilliseconds, undefined, { signal: stopping.signal }).catch(() => {});
  if (why !== undefined)
    return publish({ kind: 'stopped', why, hasCheckpoint: hasNewFile(job.scratch, started) }, usage);
  const isKilled = ending.kind === 'signal' || (ending.kind === 'exit' && ending.code === killedCode);
  return publish(isKilled && outOfMemoryKills() > killsBefore ? { kind: 'out-of-memory' } : ending, usage);
}

/** setTimeout counts in 32 bits. */
const longestTimer = 2 ** 31 - 1;
/** How soon an abandoned job, on a node that its queue lost, stops writing. */
const fenceMilliseconds = 1000;
/**
 * A queue may signal all processes of a job one by one: after the program, its own signal comes to the
 * wrapper.
 */
const sharedSignalMilliseconds = 1000;
/** Of a shell whose child was killed. */
const killedCode = 137;

const wordsOf = ({ program }: JobFile): readonly string[] => {
  switch (program.kind) {
    case 'stage':
      return [process.execPath, program.child, program.bundle];
    case 'command':
      return program.words;
    case 'probe':
      return [];
  }
};

function environmentOf({ environment, ofNode }: JobFile): NodeJS.ProcessEnv {
  const own = ofNode.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...environment,
    ...Object.fromEntries(own),
    CUDA_VISIBLE_DEVICES: process.env['CUDA_VISIBLE_DEVICES'] ?? '',
    PIPELINE_EVENTS: '3',
    PIPELINE_JOB: nonce,
  };
}

function endingOf(child: ChildProcess): Promise<WrapperEnding> {
  return new Promise((resolve) => {
    child.on('error', (error) =>
      resolve({
        kind: 'refused',
        message:
          'code' in error && error.code === 'ENOENT'
            ? `${child.spawnfile}: no such program on ${here.host}`
            : error.message,
      }),
    );
    child.on('exit', (code, signal) =>
      resolve(signal === null ? { kind: 'exit', code: code ?? 1 } : { kind: 'signal', signal }),
    );
  });
}

/** A file system that fails for a moment proves nothing. */
function isGivenUp(): boolean {
  try {
    return fencedJob() === undefined;
  } catch {
    return false;
  }
}

/**
 * Returns the exit code of the job. On a disk that is full, or with an exhausted quota, the result takes the
 * space that was reserved for it, and reports that unless the job succeeded. Other errors are retried for a
 * while: nothing but the result file reports the outcome.
 */
async function publish(ending: WrapperEnding, usage?: Usage): Promise<number> {
  const result: Omit<ResultFile, 'ending'> = {
    nonce,
    id: process.env['SLURM_ARRAY_JOB_ID'] ?? process.env['SLURM_JOB_ID'] ?? '',
    ...here,
    started,
    ended: Date.now(),
    usage,
  };
  const wentWell = ending.kind === 'exit' && ending.code === 0;
  let told = ending;
  let hasReserve = true;
  for (let tries = 1; ; tries++) {
    if (isGivenUp()) return leave('its attempt was abandoned');
    try {
      await writeShared(resultPath(folder, nonce), JSON.stringify({ ...result, ending: told }));
      break;
    } catch (error) {
      if (hasReserve && isNoSpace(error)) {
        hasReserve = false;
        if (!wentWell) told = { kind: 'disk-full' };
        rmSync(reservePath(folder, nonce), { force: true });
        continue;
      }
      console.error(`pipeline: the result cannot be written on ${here.host}: ${String(error)}`);
      if (tries === mostTries) return unwrittenCode;
      await sleep(5000);
    }
  }
  if (ending.kind === 'exit') return ending.code;
  console.error(`pipeline: ended on ${here.host}: ${JSON.stringify(ending)}`);
  return ending.kind === 'signal' ? killedCode : 1;
}

const mostTries = 12;
/** Of a job whose result could not be written. */
const unwrittenCode = 91;

function leave(why: string): number {
  console.error(`pipeline: job ${nonce} does nothing on ${here.host}: ${why}`);
  return 0;
}

const isNoSpace = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');

process.exitCode = await main().catch((error: unknown) => {
  if (isNoSpace(error)) return publish({ kind: 'disk-full' });
  throw error;
});
