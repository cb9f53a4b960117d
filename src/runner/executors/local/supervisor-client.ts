import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { JobResult } from '../executor.ts';
import { endFamily, type Family, type Mark } from './processes.ts';
import { lineSplitter } from './split-lines.ts';
import type { ClaimOrder, Order, Report, StartOrder } from './supervisor-protocol.ts';

/** Reports of a running stage. */
interface Listener {
  started(pid: number, start: string): void;
  line(line: string | null): void;
}

/** The runner's side of the supervisor; its process is started with the first stage. */
export interface Supervisor {
  start(
    order: Omit<StartOrder, 'kind' | 'stage'>,
    listener: Listener,
  ): { readonly ended: Promise<JobResult>; stop(grace: number | null): void };
  /** Claims a GPU by its UUID; `by`: who has it, for those who ask. */
  claim(uuid: string, by: string): Promise<Claimed>;
  /** Ends the supervisor's process, and with it all claims. No stage may be running. */
  close(): void;
}

type Claimed =
  | { readonly kind: 'claimed'; release(): void }
  /** `reason`: the code of the error, or what happened to the supervisor. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The process of a supervisor: what a runner needs of it. Emits `error` and `exit`. */
export interface SupervisorProcess extends EventEmitter {
  readonly stdin: Writable;
  readonly stdout: Readable;
  unref(): void;
}

interface Asked {
  readonly order: ClaimOrder;
  resolve(claimed: Claimed): void;
}

interface Watched {
  readonly listener: Listener;
  readonly mark: Mark;
  family: Family | undefined;
  end(ending: JobResult): void;
}

/** A supervisor whose processes `start` launches; each new one is given the claims already granted. */
export function supervisor(start: () => SupervisorProcess): Supervisor {
  const stages = new Map<number, Watched>();
  let child: SupervisorProcess | undefined;
  /** Those that are waiting for an answer, and those that were granted. */
  const asked = new Map<number, Asked>();
  const granted = new Map<number, ClaimOrder>();
  let [stageCount, claimCount] = [0, 0];

  function launched(): SupervisorProcess {
    const started = start();
    const reports = lineSplitter(Number.MAX_SAFE_INTEGER, (line) => {
      if (line === null || line === '') return;
      const report: Report = JSON.parse(line);
      take(report);
    });
    started.stdout.on('data', (chunk: Buffer) => reports.push(chunk));
    started.stdin.on('error', () => undefined);
    started.on('error', (error: Error) => lost(error.message));
    started.on('exit', () => lost('its supervisor was killed'));
    // Those that an earlier supervisor held: a stage that is tried again keeps its GPUs.
    for (const order of granted.values()) started.stdin.write(lineOf(order));
    return started;
  }

  function take(report: Report): void {
    if (report.kind === 'claimed') return answer(report);
    const stage = stages.get(report.stage);
    if (stage === undefined) return;
    switch (report.kind) {
      case 'started':
        stage.family = { group: report.pid, mark: stage.mark };
        return stage.listener.started(report.pid, report.started);
      case 'line':
        return stage.listener.line(report.line);
      case 'refused':
        stages.delete(report.stage);
        return stage.end({ kind: 'refused', message: report.message });
      case 'ended':
        stages.delete(report.stage);
        return stage.end({ ...report.ending, stopped: report.stopped, usage: report.usage });
    }
  }

  function answer({ claim, code }: Extract<Report, { readonly kind: 'claimed' }>): void {
    const pending = asked.get(claim);
    if (pending === undefined) return;
    asked.delete(claim);
    if (code !== undefined) return pending.resolve({ kind: 'refused', reason: code });
    granted.set(claim, pending.order);
    pending.resolve({
      kind: 'claimed',
      release() {
        granted.delete(claim);
        child?.stdin.write(lineOf({ kind: 'release', claim }));
      },
    });
  }

  /** The supervisor has ended before the runner: its stages must not outlive it. */
  function lost(message: string): void {
    child = undefined;
    for (const { resolve } of asked.values()) resolve({ kind: 'refused', reason: message });
    asked.clear();
    for (const [number, stage] of stages) {
      stages.delete(number);
      // It may have been started without a report: then its mark is all that is known.
      void endFamily(stage.family ?? { group: undefined, mark: stage.mark }, 0).then(() =>
        stage.end({ kind: 'refused', message }),
      );
    }
  }

  function send(order: Order): void {
    child ??= launched();
    child.stdin.write(lineOf(order));
  }

  return {
    start(order, listener) {
      const stage = stageCount++;
      const ended = new Promise<JobResult>((resolve) => {
        stages.set(stage, { listener, mark: order.mark, family: undefined, end: resolve });
      });
      send({ kind: 'start', stage, ...order });
      return { ended, stop: (grace) => send({ kind: 'stop', stage, graceSeconds: grace }) };
    },
    claim(uuid, by) {
      const order: ClaimOrder = { kind: 'claim', claim: claimCount++, uuid, by };
      return new Promise((resolve) => {
        asked.set(order.claim, { order, resolve });
        send(order);
      });
    },
    close() {
      child?.removeAllListeners('exit');
      child?.stdin.end();
      child?.unref();
      child = undefined;
      asked.clear();
      granted.clear();
    },
  };
}

const lineOf = (order: Order): string => `${JSON.stringify(order)}\n`;
