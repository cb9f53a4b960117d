import { forgetGroup, recordedGroups } from '../../store/process-groups.ts';
import type { Store } from '../../store/database/open-store.ts';
import type { ProjectFiles } from '../../workspace/workspace.ts';
import { endFamily, isOfProject, marked, trySignal } from './processes.ts';
import { isSameProcess } from '../process-identity.ts';
import { stageMark } from './stage-mark.ts';

/** Ends the processes that a killed run left behind. The caller holds the lock. */
export async function endLeftovers(workspace: ProjectFiles, store: Store): Promise<void> {
  const mark = stageMark(workspace);
  for (const leader of recordedGroups(store)) {
    // A copy of a project has the rows of its original, whose run may be in progress.
    if (isSameProcess(leader) && isOfProject(leader.pid, mark, workspace.root))
      await endFamily({ group: leader.pid, mark }, 0);
    forgetGroup(store, leader.pid);
  }
  while (marked(mark).some((pid) => trySignal(pid, 'SIGKILL')))
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
}

/**
 * The processes of stages that outlived their run: leaders of groups whose end was never seen, and what
 * carries the project's mark.
 */
export function leftOverProcesses(workspace: ProjectFiles, store: Store): readonly number[] {
  const leaders = recordedGroups(store)
    .filter(isSameProcess)
    .map(({ pid }) => pid);
  return [...new Set([...leaders, ...marked(stageMark(workspace))])];
}
