import type { Diagnostic } from '../../diagnostic.ts';
import { engineOf, installedFacts } from '../../programs/engine.ts';
import { type CheckedPlan, readyProgram } from './checked-plan.ts';

/** Engines that the params name and that are not installed, at the param. */
export function engineFaults({
  instances,
  programs,
  environment,
}: Pick<CheckedPlan, 'instances' | 'programs' | 'environment'>): readonly Diagnostic[] {
  return instances.flatMap((instance): readonly Diagnostic[] => {
    const facts = readyProgram(programs, instance);
    const engine = facts && engineOf(facts, instance.params);
    if (facts === undefined || engine === undefined) return [];
    const { description } = facts;
    const installed = installedFacts(description, engine.name, environment);
    if (installed.ok) return [];
    const at = instance.paramRanges[`/${description.engines?.by ?? ''}`] ?? instance.program.at;
    return [{ severity: 'error', code: 'no-engine', message: installed.error, at }];
  });
}
