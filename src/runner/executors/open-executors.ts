import type { ExecutorSettings } from '../pipeline-file/executor-settings.ts';
import { localName } from '../pipeline-file/executor-settings.ts';
import type { Store } from '../store/database/open-store.ts';
import { platformOfNodes, recordPlatform } from '../store/platforms.ts';
import type { ProjectFiles } from '../workspace/workspace.ts';
import type { Executor } from './executor.ts';
import type { Executors } from './executors.ts';
import type { HelperPrograms } from './helper-programs.ts';
import { localExecutor } from './local/local-executor.ts';
import type { Queue } from './remote/queue.ts';
import type { RemoteHost } from './remote/remote-executor.ts';

/** What executors work with. */
interface ExecutorHost {
  readonly workspace: ProjectFiles;
  readonly store: Store;
  readonly helpers: HelperPrograms;
  readonly environment: NodeJS.ProcessEnv;
}

/** `only`: the executor that all instances run on, wherever they are placed. */
export function openExecutors(host: ExecutorHost, only: Executor | undefined): Executors {
  const local = only ?? localExecutor(host, host.helpers);
  const opened = new Map<string, Promise<Executor>>();
  return {
    local,
    open(name, settings) {
      const found = settings.get(name);
      if (only !== undefined || name === localName || found === undefined) return Promise.resolve(local);
      const text = `${name} ${JSON.stringify(found)}`;
      const executor = opened.get(text) ?? openRemote(name, found, host);
      opened.set(text, executor);
      return executor;
    },
  };
}

/** Loaded only where something is placed there. */
async function openRemote(
  name: string,
  settings: ExecutorSettings,
  { workspace, store, helpers, environment }: ExecutorHost,
): Promise<Executor> {
  const nodes = nodesText(settings);
  const remote: RemoteHost = {
    root: workspace.root,
    helpers,
    platform: {
      get: () => platformOfNodes(store, nodes),
      set: (platform) => recordPlatform(store, nodes, platform),
    },
  };
  const { remoteExecutor } = await import('./remote/remote-executor.ts');
  return remoteExecutor(name, await openQueue(settings, workspace.root, environment), settings, remote);
}

async function openQueue(
  settings: ExecutorSettings,
  root: string,
  environment: NodeJS.ProcessEnv,
): Promise<Queue> {
  switch (settings.kind) {
    case 'slurm':
      return (await import('./slurm/slurm-queue.ts')).slurmQueue(settings, environment);
    case 'command':
      return (await import('./command/command-queue.ts')).commandQueue(settings, root, environment);
  }
}

/** What of the settings decides on which nodes, and by which Node, a job runs. */
function nodesText({ setup, node, ...settings }: ExecutorSettings): string {
  const { partition, constraint, extra } = settings.kind === 'slurm' ? settings : {};
  const { submit } = settings.kind === 'command' ? settings : {};
  return JSON.stringify({ kind: settings.kind, partition, constraint, extra, submit, setup, node });
}
