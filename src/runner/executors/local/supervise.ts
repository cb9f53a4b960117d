import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { type Ending, graceSeconds } from '../executor.ts';
import { forwardLines } from './forward-lines.ts';
import { claimSockets } from './gpus/claim-sockets.ts';
import { endFamily, type Family, signalFamily, startOf } from './processes.ts';
import { lineSplitter } from './split-lines.ts';
import { usageMeter } from './usage-meter.ts';
import type { ClaimOrder, Order, Report, StartOrder } from './supervisor-protocol.ts';

/** The runner's side of a supervisor. */
interface Runner {
  readonly orders: Readable;
  readonly reports: Writable;
}

/**
 * Starts the stages that a runner orders, each in a process group of its own, and outlives the runner: when
 * its pipe closes for any reason, all running stages are ended, and then `end` is called. Until then no
 * other run gets the GPUs that the runner has claimed.
 */
export function supervise({ orders, reports }: Runner, end: () => void): void {
  const meter = usageMeter();
  const claims = claimSockets();
  const families = new Map<number, Family>();
  /** Running stages that were asked to stop. */
  const stopped = new Set<number>();
  let gone = false;

  const received = lineSplitter(Number.MAX_SAFE_INTEGER, (line) => {
    if (line === null || line === '') return;
    const order: Order = JSON.parse(line);
    switch (order.kind) {
      case 'start':
        return void start(order);
      case 'stop':
        return stop(order.stage, order.graceSeconds);
      case 'claim':
        return void claim(order);
      case 'release':
        return claims.release(order.claim);
    }
  });
  orders.on('data', (chunk: Buffer) => received.push(chunk));
  orders.on('close', () => void runnerDied());
  orders.on('error', () => void runnerDied());
  reports.on('error', () => void runnerDied());

  async function start({ stage, command, folder, environment, mark, output }: StartOrder): Promise<void> {
    const [file = '', ...words] = command;
    const printed = openSync(output, 'a', 0o600);
    const child = spawn(file, words, {
      cwd: folder,
      env: { ...environment, PIPELINE_EVENTS: '3' },
      detached: true,
      // A file, not a pipe: the output of a stage needs no copying, and no process that holds it open can
      // delay the supervisor.
      stdio: ['ignore', printed, printed, 'pipe'],
    });
    closeSync(printed);
    const ended = endingOf(child);
    const { pid } = child;
    if (pid === undefined) {
      const ending = await ended;
      send({
        kind: 'refused',
        stage,
        message: typeof ending === 'string' ? ending : 'it could not be started',
      });
      return;
    }
    const started = startOf(pid);
    const family: Family = { group: pid, mark, start: started };
    families.set(stage, family);
    meter.follow(pid);
    const events = child.stdio[3];
    const lines =
      events instanceof Readable
        ? forwardLines(events, reports, (line) => send({ kind: 'line', stage, line }))
        : undefined;
    send({ kind: 'started', stage, pid, started: started ?? '' });
    if (gone) signalFamily(family, 'SIGKILL');
    const ending = await ended;
    const usage = meter.ended(pid);
    // A stage that exited by itself is complete, even if it is asked to stop while its leftover processes are
    // being killed.
    const wasStopped = stopped.delete(stage);
    await endFamily(family, graceSeconds);
    await lines?.finish();
    families.delete(stage);
    stopped.delete(stage);
    send({
      kind: 'ended',
      stage,
      ending: typeof ending === 'string' ? { kind: 'exit', code: 1 } : ending,
      stopped: wasStopped,
      usage: await usage,
    });
  }

  function stop(stage: number, grace: number | null): void {
    const family = families.get(stage);
    if (family === undefined) return;
    stopped.add(stage);
    if (grace === null) signalFamily(family, 'SIGTERM');
    else void endFamily(family, grace);
  }

  async function claim({ claim: number, uuid, by }: ClaimOrder): Promise<void> {
    send({ kind: 'claimed', claim: number, code: await claims.claim(number, uuid, by) });
  }

  async function runnerDied(): Promise<void> {
    if (gone) return;
    gone = true;
    await Promise.all([...families.values()].map((family) => endFamily(family, graceSeconds)));
    claims.releaseAll();
    end();
  }

  function send(report: Report): void {
    if (!gone) reports.write(`${JSON.stringify(report)}\n`);
  }
}

/** How a child ended, or why it could not be started. */
function endingOf(child: ChildProcess): Promise<Ending | string> {
  return new Promise((resolve) => {
    child.on('error', (error) =>
      resolve(
        'code' in error && error.code === 'ENOENT' ? `${child.spawnfile}: no such program` : error.message,
      ),
    );
    child.on('exit', (code, signal) =>
      resolve(signal === null ? { kind: 'exit', code: code ?? 1 } : { kind: 'signal', signal }),
    );
  });
}
