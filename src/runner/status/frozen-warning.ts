import type { Diagnostic } from '../diagnostic.ts';
import type { Instance } from '../plan/instance.ts';
import { joinFirst } from '../wording/join-first.ts';

/** Warns that a frozen instance is not updated. */
export function frozenWarning(instances: readonly Instance[]): readonly Diagnostic[] {
  const frozen = instances.filter((instance) => instance.frozen !== undefined);
  const [first] = frozen;
  if (first?.frozen === undefined) return [];
  const names = joinFirst(
    frozen.map(({ id }) => id),
    3,
  );
  return [
    {
      severity: 'warning',
      code: 'frozen',
      message:
        `using the last ${frozen.length === 1 ? 'result' : 'results'} of ${names}, which ` +
        `${frozen.length === 1 ? 'is' : 'are'} frozen: changes since are ignored`,
      at: first.frozen,
    },
  ];
}
