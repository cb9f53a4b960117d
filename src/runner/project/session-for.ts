import type { Result } from '../../result.ts';
import type { Problem } from '../answers/problem.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Instance } from '../plan/instance.ts';
import { instancesWithNeeds } from '../plan/with-needs.ts';
import { executorsOf } from '../executors/executors.ts';
import type { Session } from '../status/session.ts';
import { openSession } from '../status/open-session.ts';
import { readProjectText } from './find-project.ts';
import { invalid } from './planning/invalid.ts';
import type { Opened } from './open-rows.ts';
import type { Planned } from './planning/plan-here.ts';

/**
 * A session for instances that must be able to run (`checked`), and for others that are only read: what
 * they need, or more.
 */
export async function sessionFor(
  opened: Opened,
  { plan, executors: settings, sources }: Planned,
  checked: readonly Instance[],
  inspected: readonly Instance[] = instancesWithNeeds(plan, checked),
  allowMissing = false,
): Promise<Result<Session, Problem>> {
  const { workspace, store, executors, host } = opened;
  const executorOf = await executorsOf(executors, plan.instances, settings);
  const session = await openSession(
    { workspace, store, executorOf, stageChild: host.helpers.stageChild, environment: host.environment },
    plan,
    checked,
    inspected,
    allowMissing,
  );
  return session.ok ? session : invalid(session.error, withTexts(session.error, workspace.root, sources));
}

/** The texts that diagnostics point into, those of programs too. */
function withTexts(
  diagnostics: readonly Diagnostic[],
  root: string,
  sources: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const texts = new Map(sources);
  for (const { at } of diagnostics) {
    const text = at === undefined || texts.has(at.file) ? undefined : readProjectText(root, at.file);
    if (at !== undefined && text?.ok === true) texts.set(at.file, text.value);
  }
  return texts;
}
