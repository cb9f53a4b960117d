import type { ExecutorSettings } from '../pipeline-file/executor-settings.ts';
import { executorName } from '../plan/place-instances.ts';
import type { Instance } from '../plan/instance.ts';
import type { Executor } from './executor.ts';

/** The executors of a project; each but this machine is opened when something is placed on it. */
export interface Executors {
  /** The processes of this machine, or what a test puts in their place. */
  readonly local: Executor;
  /** Opens one by its name; `settings`: of all that are known. */
  open(name: string, settings: ReadonlyMap<string, ExecutorSettings>): Promise<Executor>;
}

/** Where an instance runs. */
export type ExecutorOf = (instance: Pick<Instance, 'executor'>) => Executor;

/** Opens all executors that instances are placed on. */
export async function executorsOf(
  executors: Executors,
  instances: readonly Pick<Instance, 'executor'>[],
  settings: ReadonlyMap<string, ExecutorSettings>,
): Promise<ExecutorOf> {
  const opened = new Map<string, Executor>();
  for (const name of new Set(instances.map(executorName)))
    opened.set(name, await executors.open(name, settings));
  return (instance) => opened.get(executorName(instance)) ?? executors.local;
}
