import type { Instance, Plan } from '../plan/instance.ts';
import type { FinalOut } from '../run-request.ts';

/**
 * The purpose of a run: tables, and the outs of instances that no other instance of the run depends on. None
 * where there are too many to list, as in a run of a single stage with many instances.
 */
export function finalOuts(chosen: readonly Instance[], needs: Plan['needs']): readonly FinalOut[] {
  const needed = new Set(chosen.flatMap(({ id }) => needs.get(id) ?? []));
  const outs = chosen.flatMap(({ id, outs: declared }) =>
    Object.entries(declared)
      .filter(([, { kind }]) => kind === 'table' || !needed.has(id))
      .map(([out, { path, kind }]) => ({ out, path, kind })),
  );
  return outs.length > mostOuts ? [] : outs;
}

const mostOuts = 12;
