import { type NotAFolder, notAFolder } from '../workspace/disk/not-a-folder.ts';
import { workspaceDisk } from '../workspace/disk/workspace-disk.ts';

/** What blocks a path where a folder is needed; undefined: a folder is there, or nothing. */
export const folderFault = (place: string): NotAFolder | undefined => notAFolder(workspaceDisk, place);
