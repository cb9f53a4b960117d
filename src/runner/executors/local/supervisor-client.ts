import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { JobResult } from '../executor.ts';
import { endFamily, type Family, type Mark } from './processes.ts';
import { lineSplitter } from './split-lines.ts';
import type { Order, Report, StartOrder } from './supervisor-protocol.ts';

/** Reports of a running stage. */
export interface Listener {
  started(pid: number, start: string): void;
  line(line: string | null): void;
}

/** The runner's side of the supervisor; its process is started with the first stage. */
export interface Supervisor {
  start(
    order: Omit<StartOrder, 'kind' | 'stage'>,
    listener: Listener,
  ): { readonly ended: Promise<JobResult>; stop(grace: number | null): void };
  /** Ends the supervisor's process. No stage may be running. */
  close(): void;
}

/** The process of a supervisor: what a runner needs of it. Emits `error` and `exit`. */
export interface SupervisorProcess extends EventEmitter {
  readonly stdin: Writable;
  readonly stdout: Readable;
  unref(): void;
}

interface Watched {
  readonly listener: Listener;
  readonly mark: Mark;
  family: Family | undefined;
  end(ending: JobResult): void;
}

export function supervisor(start: () => SupervisorProcess): Supervisor {
  const stages = new Map<number, Watched>();
  let child: SupervisorProcess | undefined;
  let count = 0;

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
    return started;
  }

  function take(report: Report): void {
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

  /** The supervisor has ended before the runner: its stages must not outlive it. */
  function lost(message: string): void {
    child = undefined;
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
    child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  return {
    start(order, listener) {
      const stage = count++;
      const ended = new Promise<JobResult>((resolve) => {
        stages.set(stage, { listener, mark: order.mark, family: undefined, end: resolve });
      });
      send({ kind: 'start', stage, ...order });
      return { ended, stop: (grace) => send({ kind: 'stop', stage, graceSeconds: grace }) };
    },
    close() {
      child?.removeAllListeners('exit');
      child?.stdin.end();
      child?.unref();
      child = undefined;
    },
  };
}
