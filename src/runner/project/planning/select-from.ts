import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Instance } from '../../plan/instance.ts';
import { select, type Selected, type Selection } from '../../plan/select.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { invalid } from './invalid.ts';
import type { Planned } from './plan-here.ts';

/** The instances that a command is about. */
export function selectFrom({ plan, sources }: Planned, selection: Selection): Result<Selected, Problem> {
  const selected = select(plan, selection);
  return selected.ok ? selected : invalid(selected.error, sources);
}

/** The fault of a name that selects several instances where one is meant. */
export const oneInstance = (typed: string, found: readonly Instance[]): Diagnostic => ({
  severity: 'error',
  code: 'many-instances',
  message: `${JSON.stringify(typed)} selects ${found.length} instances, and one is expected: ${joinFirst(
    found.map(({ id }) => id),
    10,
  )}`,
});
