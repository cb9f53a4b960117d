import { undeclaredPaths } from '../../plan/command/check-command.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Session } from '../../status/session.ts';
import { forgetAbsent, noteAbsent } from '../../store/products.ts';
import { placeOf } from '../../workspace/workspace.ts';

/**
 * Notes before a command runs which of the paths that it names and does not declare are missing: a file that
 * is created now is the command's output, not its input. Returns a function for its end, which forgets those
 * that are still missing.
 */
export function noteProducts({ workspace, store, plan }: Session, instance: Instance): () => void {
  const isAbsent = (path: string): boolean => workspace.disk.lstat(placeOf(workspace, path)) === undefined;
  const absent = undeclaredPaths(instance).filter(isAbsent);
  const stage = { pipeline: plan.pipeline, stage: instance.stage };
  noteAbsent(store, stage, absent);
  return () => forgetAbsent(store, stage, absent.filter(isAbsent));
}
