import { type Digest, parseDigest } from '../../../files/digest.ts';
import { isJsonObject, type Json } from '../../../files/json.ts';
import { memoize, memory } from '../../../memory.ts';
import { readFileDigest } from '../../workspace/read-content.ts';
import { placeOf, type Workspace } from '../../workspace/workspace.ts';
import { bundlePath, mapPath } from './bundle-folder.ts';
import { type Bundle, bundlerVersion } from './bundle.ts';
import type { OwnerPackage } from '../owner-package.ts';
import { realPlace, type Resolution } from './resolution.ts';
import { type PackageFacts, packageFacts, sourceDigest } from '../packages.ts';

/** The inputs of a bundle. While none of them changes, the bundle need not be made again. */
export interface BundleRecord {
  readonly bundler: string;
  readonly bundle: Digest;
  /** The name of the package that it is a module of; null: it is a file of the project. */
  readonly owner: string | null;
  /** The file that the bundle begins with, from the project's root. */
  readonly entry: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly absent: Resolution['absent'];
  readonly places: Resolution['places'];
  readonly hasPatterns: Resolution['hasPatterns'];
  readonly packages: Readonly<Record<string, string>>;
  /** Where the packages were read from → its content. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Whether none of the bundle's inputs has changed. */
export async function isFresh(
  workspace: Workspace,
  record: BundleRecord,
  contents: Contents,
): Promise<boolean> {
  if (record.hasPatterns) return false;
  const file = bundlePath(record.bundle, record.owner ?? undefined);
  if (record.bundler !== bundlerVersion || (await contents(file)) !== record.bundle) return false;
  // Older versions wrote no source map.
  if (workspace.disk.stat(placeOf(workspace, mapPath(file))) === undefined) return false;
  for (const [path, place] of Object.entries(record.places))
    if (realPlace(workspace, path) !== place) return false;
  for (const [path, digest] of Object.entries(record.inputs))
    if ((await contents(path)) !== digest) return false;
  for (const [path, digest] of Object.entries(record.sources))
    if ((await sourceContent(workspace, path, contents)) !== digest) return false;
  return record.absent.every((path) => workspace.disk.stat(placeOf(workspace, path)) === undefined);
}

/**
 * A file is npm's record of what it installed, which all programs share; a folder is a package without a
 * record.
 */
const sourceContent = (workspace: Workspace, path: string, contents: Contents): Promise<string> =>
  path.endsWith('.json') ? contents(path) : sourceDigest(workspace, path);

/** The record of a bundle; `named`: packages that the program loads by name at run time. */
export async function recordOf(
  workspace: Workspace,
  packagesOf: Packages,
  { digest, owner, entry, inputs, resolution, external }: Bundle,
  named: readonly string[],
): Promise<BundleRecord> {
  const { packages, sources } = await packagesOf([...external, ...named], owner);
  const contents = contentsOnce(workspace);
  return {
    bundler: bundlerVersion,
    bundle: digest,
    owner: owner?.name ?? null,
    entry,
    inputs: Object.fromEntries(await Promise.all(inputs.map(async (path) => [path, await contents(path)]))),
    absent: resolution.absent,
    places: resolution.places,
    hasPatterns: resolution.hasPatterns,
    packages,
    sources,
  };
}

/** A stored record; undefined if there is none or another version wrote it. */
export function parseRecord(value: Json | undefined): BundleRecord | undefined {
  if (!isJsonObject(value)) return undefined;
  const { bundler, bundle, owner, entry, inputs, absent, places, hasPatterns, packages, sources } = value;
  const digest = parseDigest(String(bundle));
  if (
    typeof bundler !== 'string' ||
    typeof entry !== 'string' ||
    !digest.ok ||
    !isTexts(inputs) ||
    !isTexts(places) ||
    typeof hasPatterns !== 'boolean' ||
    !isTexts(packages) ||
    !isTexts(sources) ||
    !Array.isArray(absent)
  )
    return undefined;
  return {
    bundler,
    bundle: digest.value,
    owner: typeof owner === 'string' ? owner : null,
    entry,
    inputs,
    packages,
    sources,
    absent: absent.map(String),
    places,
    hasPatterns,
  };
}

const isTexts = (value: Json | undefined): value is Readonly<Record<string, string>> =>
  isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string');

/** The digest of a file's content, or why it has none. */
type Contents = (path: string) => Promise<string>;

/** Programs share most of their files: each is read once. */
export const contentsOnce = (workspace: Workspace): Contents =>
  memoize(async (path) => {
    const digest = await readFileDigest(workspace, path);
    return digest.ok ? (digest.value ?? 'absent') : 'unreadable';
  });

/** The installed versions of packages. */
export type Packages = (
  specifiers: readonly string[],
  owner: OwnerPackage | undefined,
) => Promise<PackageFacts>;

/** npm's record is long, and most programs name the same packages. */
export function packagesOnce(workspace: Workspace): Packages {
  const known = memory<Promise<PackageFacts>>();
  return (specifiers, owner) =>
    known(JSON.stringify([specifiers, owner?.folder]), () => packageFacts(workspace, specifiers, owner));
}
