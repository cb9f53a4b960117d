import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { AwaitedInstances } from '../../event.ts';
import type { Instance, Plan } from '../../plan/instance.ts';
import { select, type Selected, type Selection } from '../../plan/select.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { quotedCommand } from '../../wording/command-text.ts';
import { invalid } from './invalid.ts';
import type { Planned } from './plan-here.ts';

/** The instances that a command is about, as the lists of matrices are now. */
export function selectFrom(planned: Planned, selection: Selection): Result<Selected, Problem> {
  const selected = selectToRun(planned, selection);
  if (!selected.ok) return selected;
  const { chosen, listed, unmatched } = selected.value;
  const unknown =
    chosen.length === 0 && unmatched.length === 0 ? listed.map((one) => unknownList(planned.plan, one)) : [];
  const faults = [...unmatched, ...unknown];
  return faults.length > 0 ? invalid(faults, planned.sources) : selected;
}

/** The same for a run, which makes the lists: a pattern that could match then is no fault yet. */
export function selectToRun({ plan, sources }: Planned, selection: Selection): Result<Selected, Problem> {
  const selected = select(plan, selection);
  return selected.ok ? selected : invalid(selected.error, sources);
}

/** The fault of selecting instances that are unknown until a list is computed. */
export const unknownList = ({ typed }: Plan, { name, after }: AwaitedInstances): Diagnostic => ({
  severity: 'error',
  code: 'unknown-list',
  message: `${name} is not known yet: it depends on a list of ${joinFirst(after, 3)}`,
  help: `compute it with ${quotedCommand(typed, 'run', after)}`,
});

/** The fault of a name that selects several instances where one is required. */
export const oneInstance = (typed: string, found: readonly Instance[]): Diagnostic => ({
  severity: 'error',
  code: 'many-instances',
  message: `${JSON.stringify(typed)} selects ${found.length} instances, expected one: ${joinFirst(
    found.map(({ id }) => id),
    10,
  )}`,
});
