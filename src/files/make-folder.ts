import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder and those above it, and returns the first that it created; undefined: it exists already.
 * Not with Node's `recursive`, which never returns if the parent exists and still nothing can be created in
 * it, as in /proc.
 */
export function makeFolder(path: string): string | undefined {
  try {
    return makeOne(path);
  } catch (error) {
    if (!isParentMissing(error) || dirname(path) === path) throw error;
  }
  const first = makeFolder(dirname(path));
  try {
    const last = makeOne(path);
    return first ?? last;
  } catch (error) {
    throw isParentMissing(error) ? new NotMade(path) : error;
  }
}

const isParentMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The parent folder exists, although the system reports that it does not. */
class NotMade extends Error {
  readonly code = 'ENOTSUP';
  readonly syscall = 'mkdir';
  readonly path: string;
  constructor(path: string) {
    super('no folder can be made there');
    this.path = path;
  }
}

/** Another process may make the same one meanwhile. */
function makeOne(path: string): string | undefined {
  try {
    mkdirSync(path);
    return path;
  } catch (error) {
    if (isFolder(path)) return undefined;
    throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
