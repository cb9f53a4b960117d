import { mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Digest } from '../../../files/digest.ts';

/**
 * Where bundles are kept: a program is loaded from there, and finds its packages as it would in the project.
 */
export interface BundleFolder extends AsyncDisposable {
  /** Where a file of the project, by its path from the root, is or would be. */
  placeOf(path: string): string;
}

/**
 * A bundle in the project, from its root. The bundle of a package's module is in a folder of the package's
 * name, where links lead to the package's dependencies.
 */
export const bundlePath = (bundle: Digest, owner: string | undefined): string =>
  `${bundlesOf(owner)}/${bundle}.mjs`;

/** The folder of the bundles of a package, or of the project's own. */
export const bundlesOf = (owner: string | undefined): string =>
  owner === undefined ? 'cache/bundles' : `cache/bundles/${owner}`;

/** Where the source map of a bundle is: beside it, where its process looks for it. */
export const mapPath = (path: string): string => `${path}.map`;

/** In the project's cache, to stay. */
export const keptBundles = (root: string): BundleFolder => ({
  placeOf: (path) => join(root, path),
  [Symbol.asyncDispose]: async () => undefined,
});

/** For a project that is only read: a folder in place of its root, until it is disposed of. */
export function passingBundles(root: string): BundleFolder {
  const mirror = mkdtempSync(join(tmpdir(), 'pipeline-bundles-'));
  for (const name of readdirSync(root))
    if (name !== 'cache' && name !== 'node_modules') symlinkSync(join(root, name), join(mirror, name));
  const packages = packagesAbove(root);
  if (packages !== undefined) symlinkSync(packages, join(mirror, 'node_modules'));
  return {
    placeOf: (path) => join(mirror, path),
    [Symbol.asyncDispose]: () => rm(mirror, { recursive: true }),
  };
}

/** The nearest folder of packages, as Node looks for it. */
function packagesAbove(folder: string): string | undefined {
  if (readdirSync(folder).includes('node_modules')) return join(folder, 'node_modules');
  return dirname(folder) === folder ? undefined : packagesAbove(dirname(folder));
}
