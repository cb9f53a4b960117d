import { basename, join } from 'node:path';
import type { Instance } from '../../plan/instance.ts';
import { smokeFolder } from '../../plan/smoke-instance.ts';
import type { SmokeReport } from '../../run-request.ts';
import { removeTree } from '../../workspace/replace.ts';
import { placeOf } from '../../workspace/workspace.ts';
import type { Opened } from '../open-rows.ts';

/** Removes the results of earlier smoke runs. None is in progress: this one has the lock. */
export async function removeEarlierSmoke({ workspace, lockFolder }: Opened, own: string): Promise<void> {
  for (const folder of new Set([placeOf(workspace, smokeFolder), join(lockFolder, basename(smokeFolder))])) {
    if (workspace.disk.stat(folder)?.isDirectory() !== true) continue;
    for (const name of workspace.disk.list(folder))
      if (name !== basename(own)) await removeTree(workspace, join(folder, name));
  }
}

/** Which stages ran small, and which at full size. */
export function smokeReport(folder: string, chosen: readonly Instance[]): SmokeReport {
  const stagesOf = (isSmall: boolean): readonly string[] => [
    ...new Set(chosen.filter(({ smoke }) => smoke?.isSmall === isSmall).map(({ stage }) => stage)),
  ];
  return { folder, small: stagesOf(true), whole: stagesOf(false) };
}
