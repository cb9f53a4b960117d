import type { CommandSettings } from '../../pipeline-file/executor-settings.ts';
import type { Executor } from '../executor.ts';
import { type RemoteHost, remoteExecutor } from '../remote/remote-executor.ts';
import { commandQueue } from './command-queue.ts';

/** Runs stages as jobs of a queue that is known by commands of the user. */
export function commandExecutor(
  name: string,
  settings: CommandSettings,
  host: RemoteHost,
  environment: NodeJS.ProcessEnv,
): Executor {
  const { jobs = 100, interval = 10, grace = 60, setup = [] } = settings;
  return remoteExecutor(
    name,
    commandQueue(settings, host.root, environment),
    { jobs, interval: interval * 1000, grace: grace * 1000, hasSetup: setup.length > 0 },
    host,
  );
}
