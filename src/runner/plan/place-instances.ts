import type { Diagnostic, Located } from '../diagnostic.ts';
import { type ExecutorSettings, localName, mergedSettings } from '../pipeline-file/executor-settings.ts';
import type { MachineFile } from '../pipeline-file/machine-file.ts';
import { nearest } from '../pipeline-file/nearest.ts';
import type { Result } from '../../result.ts';
import type { Instance, Plan } from './instance.ts';

/** A plan whose instances all know where they run, and the settings of the queues among those places. */
interface Placed {
  readonly plan: Plan;
  readonly executors: ReadonlyMap<string, ExecutorSettings>;
}

/** The name of the executor of an instance that was placed. */
export const executorName = ({ executor }: Pick<Instance, 'executor'>): string =>
  executor?.value ?? localName;

/**
 * Decides where instances run: on the executor of the command line (`asked`), else of their stage, else of
 * the machine files, the first before the others, else of the pipeline file.
 */
export function placeInstances(
  plan: Plan,
  machines: readonly MachineFile[],
  requested: string | undefined,
): Result<Placed, readonly Diagnostic[]> {
  const executors = mergedSettings([
    new Map(Object.entries(plan.executors ?? {})),
    ...machines.map((machine) => machine.executors).reverse(),
  ]);
  const isKnown = (name: string): boolean => name === localName || executors.has(name);
  const unknown = (name: string, at: Located<string>['at'] | undefined): Diagnostic => {
    const known = [localName, ...executors.keys()];
    const suggestion = nearest(name, known);
    return {
      severity: 'error',
      code: 'unknown-executor',
      message: `there is no executor ${JSON.stringify(name)}: expected ${known.join(', ')}`,
      help: `define it in "executors:" of the pipeline file or of a machine file`,
      ...(at === undefined ? {} : { at }),
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  };
  if (requested !== undefined && !isKnown(requested))
    return { ok: false, error: [unknown(requested, undefined)] };
  const otherwise = machines.find(({ executor }) => executor !== undefined)?.executor ?? plan.executor;
  const faults = new Map<string, Diagnostic>();
  const instances = plan.instances.map((instance): Instance => {
    const declared = instance.executor ?? otherwise;
    if (requested !== undefined)
      return { ...instance, executor: { value: requested, at: declared?.at ?? instance.at } };
    if (declared === undefined) return instance;
    if (!isKnown(declared.value))
      faults.set(`${declared.at.file} ${declared.at.offset}`, unknown(declared.value, declared.at));
    return { ...instance, executor: declared };
  });
  return faults.size > 0
    ? { ok: false, error: [...faults.values()] }
    : { ok: true, value: { plan: { ...plan, instances }, executors } };
}
