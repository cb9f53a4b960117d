import { dirname } from 'node:path';
import type { WorkspaceDisk } from './disk/workspace-disk.ts';
import { placeOf, type ProjectFiles } from './workspace.ts';

/** The first dangling link on the way to a path, and its fault. */
export function deadLinkOn(
  workspace: ProjectFiles,
  path: string,
): { readonly path: string; readonly message: string } | undefined {
  const earlier =
    dirname(path) === path || dirname(path) === '.' ? undefined : deadLinkOn(workspace, dirname(path));
  const message = earlier === undefined ? deadLink(workspace.disk, placeOf(workspace, path)) : undefined;
  return message === undefined ? earlier : { path, message };
}

/** Describes a dangling symbolic link, in words that follow its path; undefined: it is not one. */
export function deadLink(
  disk: Pick<WorkspaceDisk, 'lstat' | 'stat' | 'readLink' | 'realPath'>,
  place: string,
): string | undefined {
  if (disk.lstat(place)?.isSymbolicLink() !== true || disk.stat(place) !== undefined) return undefined;
  const target = disk.readLink(place);
  return isCircle(disk, place)
    ? `is a symbolic link to ${target}, which leads back to it`
    : `is a symbolic link to ${target}, which does not exist`;
}

function isCircle({ realPath }: Pick<WorkspaceDisk, 'realPath'>, place: string): boolean {
  try {
    realPath(place);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ELOOP';
  }
}
