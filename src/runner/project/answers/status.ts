import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../../result.ts';
import type { Status } from '../../answers/instances.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from '../planning/plan-here.ts';
import type { Selection } from '../../plan/select.ts';
import { lastResult } from '../../store/last-results.ts';
import { unnamedPlacements } from '../../store/placements.ts';
import { lastOutcomes } from '../../store/runs.ts';
import { reasonsIn, stateOf, inspected } from './inspected.ts';
import { namedInstances } from './named-instances.ts';

/** The states of instances. `onRemoteWarning`: given, results in the shared cache count as restorable. */
export async function status(
  opened: Opened,
  planned: Planned,
  selection: Selection,
  onRemoteWarning?: (warning: Diagnostic) => void,
): Promise<Result<Status, Problem>> {
  const lookup = await inspected(opened, planned, selection, onRemoteWarning);
  if (!lookup.ok) return lookup;
  const { plan } = planned;
  const last = lastOutcomes(opened.store, plan.pipeline);
  return {
    ok: true,
    value: {
      pipeline: plan.pipeline,
      instances: lookup.value.inspections.map((inspection) => {
        const {
          instance: { id, frozen },
          because,
          displaced,
          dropped,
          adopted,
          madeOn,
          unchecked,
          after,
          fault,
        } = inspection;
        const state = stateOf(opened, planned, inspection, last.get(id)?.kind);
        return {
          instance: id,
          state,
          because: reasonsIn(state, because),
          displaced,
          ...(dropped.length > 0 ? { dropped } : {}),
          adopted,
          ...(frozen === undefined ? {} : { frozen: true as const }),
          ...(madeOn === undefined ? {} : { madeOn }),
          unchecked,
          after,
          fault,
          at: lastResult(opened.store, plan.pipeline, id)?.at,
        };
      }),
      awaited: lookup.value.awaited,
      unnamed: await unnamed(opened),
    },
  };
}

/**
 * Files of instances that no pipeline file names; unknown if one of them cannot be read. Files that were
 * deleted by hand are not listed.
 */
async function unnamed(opened: Opened): Promise<Status['unnamed']> {
  const named = await namedInstances(opened);
  const placements = named === undefined ? [] : unnamedPlacements(opened.store, named);
  return placements
    .filter(({ path }) => existsSync(join(opened.place.root, path)))
    .map(({ instance, path }) => ({ instance, path }));
}
