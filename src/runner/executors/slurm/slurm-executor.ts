import type { SlurmSettings } from '../../pipeline-file/executor-settings.ts';
import type { Executor } from '../executor.ts';
import { type RemoteHost, remoteExecutor } from '../remote/remote-executor.ts';
import { slurmQueue } from './slurm-queue.ts';

/** Runs stages as jobs of a Slurm cluster. */
export function slurmExecutor(
  name: string,
  settings: SlurmSettings,
  host: RemoteHost,
  environment: NodeJS.ProcessEnv,
): Executor {
  const { jobs = 100, interval = 10, grace = 60, setup = [] } = settings;
  return remoteExecutor(
    name,
    slurmQueue(settings, environment),
    { jobs, interval: interval * 1000, grace: grace * 1000, hasSetup: setup.length > 0 },
    host,
  );
}
