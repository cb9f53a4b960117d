import type { Diagnostic } from '../diagnostic.ts';
import { joinFirst } from '../wording/join-first.ts';
import type { Instance, Plan } from './instance.ts';

/**
 * A plan in which no instance has more CPUs than the machine: it gets all of them, and its key, where the
 * number of threads counts, is that of a stage that requests this number. Warns once, at the first place that
 * requests more.
 */
export function fitCpus(
  plan: Plan,
  cpus: number,
  isHere: (instance: Instance) => boolean,
): { readonly plan: Plan; readonly warnings: readonly Diagnostic[] } {
  const tooMany = plan.instances.filter((instance) => isHere(instance) && instance.resources.cpus > cpus);
  const [first] = tooMany;
  if (first === undefined) return { plan, warnings: [] };
  const stages = [...new Set(tooMany.map(({ stage }) => stage))];
  return {
    plan: {
      ...plan,
      instances: plan.instances.map((instance) => (isHere(instance) ? fitted(instance, cpus) : instance)),
    },
    warnings: [
      {
        severity: 'warning',
        code: 'fewer-cpus',
        message:
          `${joinFirst(stages, 3)} ${stages.length === 1 ? 'asks' : 'ask'} for more CPUs than this ` +
          `machine has: ${cpus} ${cpus === 1 ? 'is' : 'are'} used`,
        at: first.resourceRanges.cpus,
      },
    ],
  };
}

const fitted = (instance: Instance, cpus: number): Instance =>
  instance.resources.cpus > cpus ? { ...instance, resources: { ...instance.resources, cpus } } : instance;
