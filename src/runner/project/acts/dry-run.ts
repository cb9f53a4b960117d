import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Forecast } from '../../plan/forecast.ts';
import type { RunRequest } from '../../run-request.ts';
import { frozenFaults } from '../../status/frozen.ts';
import { forecastOf } from '../../status/inspect.ts';
import type { Opened } from '../open-rows.ts';
import { chooseToRun } from '../planning/chosen.ts';
import { invalid } from '../planning/invalid.ts';
import type { Planned } from '../planning/plan-here.ts';

/** What a run would do. */
export async function dryRun(
  opened: Opened,
  planned: Planned,
  request: RunRequest,
): Promise<Result<Forecast, Problem>> {
  const chosen = await chooseToRun(opened, planned, request);
  if (!chosen.ok) return chosen;
  const {
    session,
    selected: { chosen: instances, takenAsIs, listed },
    policyOf,
  } = chosen.value;
  const frozenWithout = await frozenFaults(session, instances);
  if (frozenWithout.length > 0) return invalid(frozenWithout, planned.sources);
  return {
    ok: true,
    value: await forecastOf(session, instances, new Set(takenAsIs.map(({ id }) => id)), policyOf, listed),
  };
}
