import { digestOf } from '../../../files/digest.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { CheckProgram } from '../../plan/check/check-program.ts';
import { isOptional } from '../../plan/instance.ts';
import { isChecked, recordChecked } from '../../store/remembered/program-rows.ts';
import { type CheckedPlan, readyProgram } from './checked-plan.ts';

/**
 * The params and names that programs expect; a successful check is repeated only after programs, params or
 * names have changed.
 */
export async function interfaceFaults({
  store,
  plan: { pipeline, typed },
  instances,
  programs,
}: Pick<CheckedPlan, 'store' | 'plan' | 'instances' | 'programs'>): Promise<readonly Diagnostic[]> {
  const used = instances.flatMap((instance) => {
    const facts = readyProgram(programs, instance);
    return facts === undefined ? [] : [{ instance, facts }];
  });
  const digest = digestOf(
    JSON.stringify(
      used.map(({ instance, facts }) => [
        facts.bundle,
        instance.params,
        Object.entries(instance.deps).map(([name, dep]) => (isOptional(dep) ? `${name}?` : name)),
        Object.keys(instance.outs),
      ]),
    ),
  );
  if (used.length === 0 || isChecked(store, pipeline, digest)) return [];
  const { programCheck } = await import('../../plan/check/check-program.ts');
  const checks = new Map<string, CheckProgram>();
  const faults = used.flatMap(({ instance, facts }) => {
    const check = checks.get(facts.file) ?? programCheck(facts.description, typed?.set);
    checks.set(facts.file, check);
    return check(instance);
  });
  if (faults.length === 0) recordChecked(store, pipeline, digest);
  return faults;
}
