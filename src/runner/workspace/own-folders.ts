import type { Diagnostic } from '../diagnostic.ts';
import { placeOf, type ProjectFiles } from './workspace.ts';

/** The folders of the cache in which the runner writes and deletes. */
const ownFolders = ['objects', 'attempts', 'scratch', 'logs', 'bundles'].map((name) => `cache/${name}`);

/**
 * Folders of the cache that were replaced by symbolic links: the runner must not write or delete their
 * targets.
 */
export const linkedFolders = ({ root, disk }: ProjectFiles): readonly Diagnostic[] =>
  ownFolders
    .filter((folder) => disk.lstat(placeOf({ root }, folder))?.isSymbolicLink() === true)
    .map((folder) => ({
      severity: 'error',
      code: 'linked-folder',
      message:
        `${folder} is a symbolic link (to ${disk.readLink(placeOf({ root }, folder))}), but the runner ` +
        'writes and deletes only in folders of its own',
      help: 'remove the link; to keep the cache on another disk, make cache itself the link',
    }));
