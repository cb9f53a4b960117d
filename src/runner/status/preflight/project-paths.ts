import { memoize } from '../../../memory.ts';
import { linkFinder } from '../../workspace/link-finder.ts';
import { placeOf, type ProjectFiles } from '../../workspace/workspace.ts';
import { leadsOut } from './leads-out.ts';
import { type GlobFiles, globMatcher } from './read-faults.ts';

/** What is at paths of the project; what several instances name is looked at once. */
export interface ProjectPaths {
  readonly workspace: ProjectFiles;
  readonly isFile: (path: string) => boolean;
  /** The first link on a path. */
  readonly linkOn: (path: string) => string | undefined;
  readonly leadsOut: (path: string) => boolean;
  readonly filesOf: GlobFiles;
}

/** The paths of a workspace, none of them looked at yet. */
export function projectPaths(workspace: ProjectFiles): ProjectPaths {
  const linkOn = linkFinder(workspace);
  return {
    workspace,
    isFile: memoize((path) => workspace.disk.stat(placeOf(workspace, path))?.isFile() === true),
    linkOn,
    leadsOut: leadsOut(workspace, linkOn),
    filesOf: globMatcher(workspace),
  };
}
