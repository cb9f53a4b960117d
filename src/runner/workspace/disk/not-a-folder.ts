import { deadLink } from '../dead-link.ts';
import type { WorkspaceDisk } from './workspace-disk.ts';

/** Why a folder cannot be created at a path, in words that follow the path, and what to do. */
export interface NotAFolder {
  readonly message: string;
  readonly help: string;
}

/**
 * What blocks a path where a folder is needed; undefined: a folder, or nothing, so that one can be created.
 */
export function notAFolder(
  disk: Pick<WorkspaceDisk, 'lstat' | 'stat' | 'readLink' | 'realPath'>,
  place: string,
): NotAFolder | undefined {
  if (disk.stat(place)?.isDirectory() === true || disk.lstat(place) === undefined) return undefined;
  const dead = deadLink(disk, place);
  if (dead !== undefined)
    return {
      message: dead,
      help:
        'create the target folder, or mount its disk; or remove the ' +
        'link, and a folder is created in its place',
    };
  return {
    message: 'is a file where a folder is needed',
    help: 'move the file away, and a folder is created in its place',
  };
}
