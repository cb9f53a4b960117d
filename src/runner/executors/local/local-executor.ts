import { cpus, hostname } from 'node:os';
import { forgetGroup, recordGroup } from '../../store/process-groups.ts';
import type { Store } from '../../store/database/open-store.ts';
import type { ProjectFiles } from '../../workspace/workspace.ts';
import { localName } from '../../pipeline-file/executor-settings.ts';
import { endLeftOvers } from './end-left-overs.ts';
import { type Executor, type Handle, handleOf, type Job, type JobHost, type JobResult } from '../executor.ts';
import type { HelperPrograms } from '../helper-programs.ts';
import { machineCapacity } from './machine-capacity.ts';
import { attemptMark } from './stage-mark.ts';
import { supervisor } from './supervisor-client.ts';

/** A job of this runner. */
interface LocalJob {
  /** Undefined while it runs. */
  result: JobResult | undefined;
  /** Lines that came before anybody followed the job. */
  readonly early: (string | null)[];
  onLine: ((line: string | null) => void) | undefined;
  stop(graceSeconds: number | null): void;
}

/** The processes of this machine. They die with the runner: their supervisor sees to that. */
export function localExecutor(
  { workspace, store }: { readonly workspace: ProjectFiles; readonly store: Store },
  { supervisor: program, stageChild }: HelperPrograms,
): Executor {
  const processes = supervisor(program);
  const jobs = new Map<Handle, LocalJob>();
  const waiting = new Set<() => void>();
  let hasChanged = false;

  function change(): void {
    hasChanged = true;
    for (const wake of waiting) wake();
    waiting.clear();
  }

  function start(order: Job): Promise<Handle> {
    return new Promise((resolve) => {
      let leader: number | undefined;
      const job: LocalJob = {
        result: undefined,
        early: [],
        onLine: undefined,
        stop: (grace) => stage.stop(grace),
      };
      const stage = processes.start(
        {
          command: commandOf(order, stageChild),
          folder: order.root,
          environment: { ...order.environment, CUDA_VISIBLE_DEVICES: order.gpus.join(',') },
          mark: attemptMark(workspace, order),
          output: order.output,
        },
        {
          started(pid, started) {
            leader = pid;
            recordGroup(store, { pid, started });
            const handle = handleOf(`${pid} ${started}`);
            jobs.set(handle, job);
            resolve(handle);
          },
          line(line) {
            if (job.onLine === undefined) job.early.push(line);
            else job.onLine(line);
          },
        },
      );
      void stage.ended.then((ending) => {
        if (leader !== undefined) forgetGroup(store, leader);
        job.result = ending;
        if (leader === undefined) {
          const handle = handleOf(`refused ${order.nonce}`);
          jobs.set(handle, job);
          resolve(handle);
        }
        return change();
      });
    });
  }

  return {
    name: localName,
    leavesJobs: false,
    restarts: 0,
    platform: {
      os: process.platform,
      arch: process.arch,
      node: process.versions.node.split('.')[0] ?? '',
    },
    capacity: machineCapacity,
    submit: (orders) => Promise.all(orders.map(start)),
    async poll(handles) {
      hasChanged = false;
      return handles.map((handle) => {
        const job = jobs.get(handle);
        // That of an earlier runner died with it, or was ended with what was left over.
        return job !== undefined && job.result === undefined ? 'running' : 'gone';
      });
    },
    changed: () =>
      hasChanged
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.add(resolve);
          }),
    result: async ({ handle }) => jobs.get(handle)?.result,
    hostOf: thisHost,
    follow({ handle }, onLine) {
      const job = jobs.get(handle);
      if (job === undefined) return;
      job.onLine = onLine;
      for (const line of job.early.splice(0)) onLine(line);
    },
    cancel(handles, grace) {
      for (const handle of handles) jobs.get(handle)?.stop(grace);
    },
    recover: async () => undefined,
    endLeftOvers: () => endLeftOvers(workspace, store),
    close() {
      processes.close();
      jobs.clear();
    },
  };
}

const thisHost = (): JobHost => ({ host: hostname(), cpu: cpus()[0]?.model ?? 'unknown' });

const commandOf = ({ program }: Job, stageChild: string): readonly string[] =>
  program.kind === 'stage' ? [process.execPath, stageChild, program.bundle] : program.words;
