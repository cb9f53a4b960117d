import { type NotAFolder, notAFolder } from '../workspace/disk/not-a-folder.ts';
import { workspaceDisk } from '../workspace/disk/workspace-disk.ts';

/** What is at a place where a folder is needed; undefined: a folder, or nothing. */
export const folderFault = (place: string): NotAFolder | undefined => notAFolder(workspaceDisk, place);
