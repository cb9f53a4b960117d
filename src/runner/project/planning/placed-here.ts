import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import { localName } from '../../pipeline-file/executor-settings.ts';
import { fitCpus } from '../../plan/fit-cpus.ts';
import { executorName, placeInstances } from '../../plan/place-instances.ts';
import type { Opened } from '../open-rows.ts';
import { chosenEngines } from './chosen-engines.ts';
import { invalid } from './invalid.ts';
import { machineFiles } from '../machine/machine-files.ts';
import { machineTexts } from '../machine/machine-texts.ts';
import type { Planned } from './plan-here.ts';
import type { smokePlan } from './smoke-plan.ts';

/**
 * The plan with every instance placed on an executor, its engine chosen, and its CPUs, if it runs here,
 * limited to the machine's. Applied after the plan is stored, since it differs between machines.
 */
export async function placedHere(opened: Opened, planned: Planned): Promise<Result<Planned, Problem>> {
  const {
    executors: { local },
    host,
    place,
  } = opened;
  const texts = machineTexts(place.root, host.environment);
  const machines = await machineFiles(texts);
  if (!machines.ok) return machines;
  const sources = new Map([
    ...planned.sources,
    ...texts.flatMap(({ name, text }) => (text.ok ? [[name, text.value] as const] : [])),
  ]);
  const placed = placeInstances(planned.plan, machines.value, host.executorName);
  if (!placed.ok) return invalid(placed.error, sources);
  const isHere = host.executor === undefined ? isLocal : () => true;
  const { plan: fitted, warnings } = fitCpus(placed.value.plan, local.capacity(undefined).cpus, isHere);
  const chosen = await chosenEngines(opened, fitted, isHere);
  if (!chosen.ok) return invalid(chosen.error, sources);
  const small = host.smoke === undefined ? chosen : await smallPlan(opened, chosen.value, host.smoke);
  if (!small.ok) return invalid(small.error, sources);
  return {
    ok: true,
    value: {
      ...planned,
      plan: small.value,
      executors: placed.value.executors,
      sources,
      warnings: [...planned.warnings, ...warnings],
    },
  };
}

/** Loaded for a smoke run alone. */
const smallPlan: typeof smokePlan = async (...request) => {
  const { smokePlan: planned } = await import('./smoke-plan.ts');
  return planned(...request);
};

const isLocal = (instance: Parameters<typeof executorName>[0]): boolean =>
  executorName(instance) === localName;
