import { differences } from '../../manifest/differences.ts';
import type { Identity } from './identity-of.ts';

/**
 * The first file that has changed since an instance's identity was read. Stamps reveal an edit that was
 * reverted; contents reveal one that was too quick for the stamps.
 */
export function firstChangedFile(before: Identity, now: Identity): string | undefined {
  const names = new Set([...before.stamps.keys(), ...now.stamps.keys()]);
  const files = [...names].filter((path) => before.stamps.get(path) !== now.stamps.get(path));
  // A new file changes both its folder and itself: the file is more specific.
  const [path] = files.filter((folder) => !files.some((other) => isBelow(other, folder)));
  return path ?? differences(before.manifest, now.manifest)[0]?.field.join(' ');
}

const isBelow = (path: string, folder: string): boolean =>
  folder === '.' ? path !== '.' && !path.startsWith('/') : path.startsWith(`${folder}/`);
