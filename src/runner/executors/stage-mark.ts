import { attemptsFolder } from '../schedule/attempt-folder.ts';
import { placeOf, type ProjectFiles } from '../workspace/workspace.ts';
import type { Mark } from './processes.ts';

/** Where each run keeps what its stages print, from the project root. */
export const logsFolder = 'cache/logs';

/** What the processes of all stages of a project carry. */
export const stageMark = (workspace: ProjectFiles): Mark => ({
  environment: `PIPELINE_CONTEXT=${placeOf(workspace, attemptsFolder)}/`,
  output: realPlace(workspace, logsFolder),
});

/** What the processes of one attempt carry. `output`: from the project root. */
export const attemptMark = (workspace: ProjectFiles, context: string, output: string): Mark => ({
  environment: `PIPELINE_CONTEXT=${context}`,
  output: realPlace(workspace, output),
});

/** The cache may be a link to another disk; what processes hold is told by real paths. */
function realPlace(workspace: ProjectFiles, path: string): string {
  const folder = placeOf(workspace, 'cache');
  const real = workspace.disk.stat(folder) === undefined ? folder : workspace.disk.realPath(folder);
  return `${real}${path.slice('cache'.length)}`;
}
