import { basename, join } from 'node:path';
import { digestOf } from '../../../files/digest.ts';

/** Where a commit of a repository is kept. */
export interface CommitPlace {
  /** Appears by one rename, when all is there and checked. */
  readonly published: string;
  /**
   * The folder that a stage reads: named like the model or data set, since a path's last name is part of what
   * a result depends on, and of reports.
   */
  readonly files: string;
  /** What those files are: sizes, digests, stamps. */
  readonly record: string;
  /** Incomplete downloads: owned by the holder of the lock. */
  readonly unfinished: string;
  readonly lock: string;
}

/** The hub allows no "--" in names, so owner and name can be separated. */
export function commitPlace(
  cacheFolder: string,
  {
    repository,
    commit,
    path,
  }: { readonly repository: string; readonly commit: string; readonly path?: string | undefined },
): CommitPlace {
  const folder = join(cacheFolder, repository.replaceAll('/', '--'));
  // A part of a data set is stored separately: a published folder is complete.
  const name = path === undefined ? commit : `${commit}-${digestOf(path).slice(0, 16)}`;
  const published = join(folder, name);
  return {
    published,
    ...inside(published, repository),
    unfinished: join(folder, `${name}.unfinished`),
    lock: join(folder, `${name}.lock`),
  };
}

/** How a folder is arranged, published or not. `partial`: files that have not arrived as a whole. */
export function inside(
  folder: string,
  repository: string,
): { readonly files: string; readonly record: string; readonly partial: string } {
  return {
    files: join(folder, 'files', basename(repository)),
    record: join(folder, 'record.json'),
    partial: join(folder, 'partial'),
  };
}
