import type { Policy } from '../../manifest/decide.ts';
import type { Instance } from '../../plan/instance.ts';
import { assess, type Assessment } from '../../status/assess.ts';
import { readCacheOf } from '../../status/identity/read-cache.ts';
import { unassessableText } from '../../status/unassessable-text.ts';
import { readUntil } from '../../workspace/workspace.ts';
import { failedBy } from '../failed-by.ts';
import type { Run } from '../run.ts';
import type { Ending } from './bring-back.ts';

/** Assesses an instance by the current state of its inputs; gives how it ends if that is not possible. */
export async function assessNow(run: Run, instance: Instance, policy: Policy): Promise<Assessment | Ending> {
  const { stopped } = run.stop;
  const session = { ...run.session, workspace: readUntil(run.session.workspace, stopped) };
  const assessed = await assess(session, instance, policy, readCacheOf(session.workspace));
  // The file may have been read half-written.
  if (stopped.aborted) return { key: null, outcome: { kind: 'skipped' } };
  return assessed.ok ? assessed.value : unassessed(unassessableText(assessed.error, session.plan.typed));
}

/** Its inputs could not be read. */
export const unassessed = (message: string): Ending => ({ key: null, outcome: failedBy(message) });
