import { recordedGroups, forgetGroup } from '../store/process-groups.ts';
import { markReaped, wasKilled } from '../store/runs.ts';
import type { Store } from '../store/open-store.ts';
import { removeTree } from '../workspace/replace.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { attemptsFolder } from '../schedule/attempt-folder.ts';
import { endFamily, isOfProject, marked, startOf, trySignal } from './processes.ts';
import { stageMark } from './stage-mark.ts';

/**
 * Puts away what a run left behind that was killed: processes that still live, and attempts that nobody will finish.
 * Scratch folders stay: a stage resumes from them. The caller holds the lock.
 */
export async function reap(workspace: Workspace, store: Store): Promise<void> {
  if (!wasKilled(store)) return;
  const mark = stageMark(workspace);
  for (const { pid, started } of recordedGroups(store)) {
    // A copy of a project has the rows of its original, whose run may be on.
    if (startOf(pid) === started && isOfProject(pid, mark, workspace.root))
      await endFamily({ group: pid, mark }, 0);
    forgetGroup(store, pid);
  }
  while (marked(mark).some((pid) => trySignal(pid, 'SIGKILL')))
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  await removeTree(workspace, placeOf(workspace, attemptsFolder));
  markReaped(store);
}
