import { attemptsFolder, contextFile, logsFolder } from '../../workspace/cache-layout.ts';
import { placeOf, type ProjectFiles } from '../../workspace/workspace.ts';
import type { Job } from '../executor.ts';
import type { Mark } from './processes.ts';

/** What the processes of all stages of a project carry. */
export const stageMark = (workspace: ProjectFiles): Mark => ({
  environment: `PIPELINE_CONTEXT=${placeOf(workspace, attemptsFolder)}/`,
  output: realPlace(workspace, placeOf(workspace, logsFolder)),
});

/** What the processes of one attempt carry. */
export const attemptMark = (
  workspace: ProjectFiles,
  { folder, output }: Pick<Job, 'folder' | 'output'>,
): Mark => ({
  environment: `PIPELINE_CONTEXT=${contextFile(folder)}`,
  output: realPlace(workspace, output),
});

/** The cache may be a link to another disk; processes report the real paths of what they hold open. */
function realPlace(workspace: ProjectFiles, place: string): string {
  const folder = placeOf(workspace, 'cache');
  const real = workspace.disk.stat(folder) === undefined ? folder : workspace.disk.realPath(folder);
  return `${real}${place.slice(folder.length)}`;
}
