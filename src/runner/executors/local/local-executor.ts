import { cpus, hostname, userInfo } from 'node:os';
import { forgetGroup, recordGroup } from '../../store/process-groups.ts';
import type { Store } from '../../store/database/open-store.ts';
import type { ProjectFiles } from '../../workspace/workspace.ts';
import { localName } from '../../pipeline-file/executor-settings.ts';
import { endLeftovers } from './end-left-overs.ts';
import {
  type Executor,
  type Gpu,
  type Handle,
  handleOf,
  type Job,
  type JobHost,
  type JobResult,
} from '../executor.ts';
import type { HelperPrograms } from '../helper-programs.ts';
import type { ClaimGpu } from './gpus/gpu-claims.ts';
import { gpuMeter } from './gpus/gpu-meter.ts';
import { listGpus } from './gpus/list-gpus.ts';
import { machineCapacity } from './machine-capacity.ts';
import { attemptMark } from './stage-mark.ts';
import { supervisor } from './supervisor-client.ts';
import { areAssigned, gpuVariables, uuidOf, visibleGpus } from './gpus/visible-gpus.ts';

/** A job of this runner. */
interface LocalJob {
  /** The leader of its processes; undefined: it is not started. */
  leader: number | undefined;
  readonly gpus: readonly Gpu[];
  /** Undefined while it runs. */
  result: JobResult | undefined;
  /** Stops measuring its GPUs. */
  stopMeter: (() => void) | undefined;
  /** Lines that came before anybody followed the job. */
  readonly early: (string | null)[];
  onLine: ((line: string | null) => void) | undefined;
  stop(graceSeconds: number | null): void;
}

/** The processes of this machine. They die with the runner: their supervisor sees to that. */
export function localExecutor(
  {
    workspace,
    store,
    environment,
  }: {
    readonly workspace: ProjectFiles;
    readonly store: Store;
    readonly environment: NodeJS.ProcessEnv;
  },
  { supervisor: startSupervisor, stageChild }: HelperPrograms,
): Executor {
  const processes = supervisor(startSupervisor);
  const jobs = new Map<Handle, LocalJob>();
  const waiting = new Set<() => void>();
  let hasChanged = false;
  let visible: readonly Gpu[] | undefined;
  const meter = gpuMeter();
  let claims: Promise<ClaimGpu> | undefined;

  /** Cards do not come and go while a project is open. */
  function gpus(): readonly Gpu[] {
    visible ??= visibleGpus(listGpus(), environment);
    return visible;
  }

  function change(): void {
    hasChanged = true;
    for (const wake of waiting) wake();
    waiting.clear();
  }

  function start(order: Job): Promise<Handle> {
    return new Promise((resolve) => {
      const job: LocalJob = {
        leader: undefined,
        gpus: order.gpus,
        stopMeter: undefined,
        result: undefined,
        early: [],
        onLine: undefined,
        stop: (grace) => stage.stop(grace),
      };
      const stage = processes.start(
        {
          command: commandOf(order, stageChild),
          folder: order.root,
          environment: { ...order.environment, ...gpuVariables(order.gpus, environment) },
          mark: attemptMark(workspace, order),
          output: order.output,
        },
        {
          started(pid, started) {
            job.leader = pid;
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
        if (job.leader !== undefined) forgetGroup(store, job.leader);
        job.result = ending;
        job.stopMeter?.();
        if (job.leader === undefined) {
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
    capacity: (wanted) => machineCapacity(wanted, gpus),
    submit: (orders) => Promise.all(orders.map(start)),
    async poll(handles) {
      hasChanged = false;
      return handles.map((handle) => {
        const job = jobs.get(handle);
        // A job of an earlier runner died with it, or was killed with the leftover processes.
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
    followGpus(handle, onUsage) {
      const job = jobs.get(handle);
      if (job === undefined || job.result !== undefined) return;
      job.stopMeter = meter.follow(job.gpus, onUsage);
    },
    async gpuProcesses(asked) {
      const { gpuProcesses } = await import('./gpus/gpu-state.ts');
      const leaders = [...jobs.values()].flatMap(({ leader }) => leader ?? []);
      return gpuProcesses(asked, new Set(leaders));
    },
    async claimGpu(gpu, by) {
      const uuid = uuidOf(gpu);
      if (uuid === undefined || areAssigned(environment))
        return { kind: 'claimed', release: () => undefined };
      claims ??= import('./gpus/gpu-claims.ts').then(({ gpuClaims }) => gpuClaims(processes));
      const claim = await claims;
      return claim(uuid, { ...by, user: userName(), pid: process.pid, since: Date.now() });
    },
    cancel(handles, grace) {
      for (const handle of handles) jobs.get(handle)?.stop(grace);
    },
    recover: async () => undefined,
    endLeftovers: () => endLeftovers(workspace, store),
    close() {
      processes.close();
      jobs.clear();
    },
  };
}

const thisHost = (): JobHost => ({ host: hostname(), cpu: cpus()[0]?.model ?? 'unknown' });

/** The user of a container may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? ''}`;
  }
}

const commandOf = ({ program }: Job, stageChild: string): readonly string[] =>
  program.kind === 'stage' ? [process.execPath, stageChild, program.bundle] : program.words;
