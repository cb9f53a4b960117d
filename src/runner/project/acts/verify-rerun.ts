import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { RerunVerification } from '../../answers/verification.ts';
import type { Event } from '../../event.ts';
import type { StopSignals } from '../../run-request.ts';
import { rerunAndCompare } from '../../schedule/verify-rerun.ts';
import { withRun } from '../../schedule/with-run.ts';
import type { Opened } from '../open-rows.ts';
import { frozenFault } from '../planning/chosen.ts';
import { withHubFolders } from '../planning/hub-dependencies.ts';
import { invalid } from '../planning/invalid.ts';
import { placedHere } from '../planning/placed-here.ts';
import type { Planned } from '../planning/plan-here.ts';
import { oneInstance, selectFrom } from '../planning/select-from.ts';
import { sessionFor } from '../session-for.ts';
import { locked } from './locked.ts';
import { unreadyExecutor } from './unready-executor.ts';

/** Executes an instance again, beside its result, and compares what comes out. */
export async function verifyRerun(
  opened: Opened,
  planned: Planned,
  instance: string,
  onEvent: (event: Event) => void,
  stop: StopSignals,
): Promise<Result<RerunVerification, Problem>> {
  const placed = await placedHere(opened, planned);
  if (!placed.ok) return placed;
  const { sources } = placed.value;
  const chosen = selectFrom(placed.value, { patterns: [instance], mode: 'only' });
  if (!chosen.ok) return chosen;
  const [named] = chosen.value.chosen;
  if (named === undefined || chosen.value.chosen.length > 1)
    return invalid([oneInstance(instance, chosen.value.chosen)], sources);
  if (named.frozen !== undefined) return invalid([frozenFault(named.id, named.frozen)], sources);
  return locked(opened, 0, stop.graceful, async () => {
    const withFolders = await withHubFolders(opened, placed.value, [named], onEvent, stop.graceful);
    if (!withFolders.ok) return withFolders;
    const only = withFolders.value.plan.instances.find(({ id }) => id === named.id) ?? named;
    const session = await sessionFor(opened, withFolders.value, [only]);
    if (!session.ok) return session;
    const unready = await unreadyExecutor(session.value, [only], onEvent, stop.graceful);
    if (unready !== undefined) return invalid([unready], sources);
    const { retryDelay } = opened.host;
    let compared: Result<RerunVerification> = { ok: false, error: 'nothing was run' };
    await withRun(session.value, { instances: [only], jobs: 1, retryDelay }, onEvent, stop, async (run) => {
      compared = await rerunAndCompare(run, only);
    });
    return compared.ok
      ? compared
      : invalid([{ severity: 'error', code: 'no-comparison', message: compared.error }], sources);
  });
}
