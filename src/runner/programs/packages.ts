import { builtinModules } from 'node:module';
import { dirname, relative } from 'node:path';
import { digestOf } from '../../files/digest.ts';
import { isJsonObject, jsonIn, type JsonObject } from '../../files/json.ts';
import { readFileSync } from 'node:fs';
import { readContent } from '../workspace/read-content.ts';
import { placeOf, shownPath, type Workspace } from '../workspace/workspace.ts';
import { installedFor, type OwnerPackage, packageJsonIn } from './owner-package.ts';
import { packageName } from './package-name.ts';
import { shippedPaths } from './shipped-paths.ts';

/** What a set of packages is, by content. */
export interface PackageFacts {
  /** Each package that can be reached, where it is installed → its version and integrity. */
  readonly packages: Readonly<Record<string, string>>;
  /**
   * Files and folders that this was read from, from the project root or absolute → their content then: while
   * that is unchanged, so are the facts.
   */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * The installed closure of packages: version and integrity from npm's record of what is installed
 * (node_modules/.package-lock.json). A package without integrity there (a link, a bundled or an unrecorded
 * package) counts by its content. A package that is not installed is skipped. `owner`: the package that
 * depends on them, if it is not the project.
 */
export async function packageFacts(
  workspace: Workspace,
  specifiers: readonly string[],
  owner?: OwnerPackage,
): Promise<PackageFacts> {
  const lock = findLock(workspace, owner?.folder ?? workspace.root);
  const dependent = lock === undefined || owner === undefined ? '' : relative(lock.folder, owner.folder);
  const packages: Record<string, string> = {};
  const sources = new Map<string, string>(lock === undefined ? [] : [[lock.file, lock.digest]]);
  const pending = specifiers
    .filter((specifier) => !isBuiltin(specifier))
    .map((specifier) => ({ name: packageName(specifier), from: dependent }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const found = lock && resolve(lock.packages, next.name, next.from);
    const shown = found === undefined ? next.name : nameFromDependent(found.path, dependent);
    if (packages[shown] !== undefined) continue;
    const fact =
      found === undefined
        ? await unrecorded(workspace, owner?.folder ?? workspace.root, next.name, sources)
        : await recorded(workspace, lock?.folder ?? '.', found, sources);
    if (fact === undefined) continue;
    packages[shown] = fact;
    const from = found?.target ?? found?.path ?? '';
    for (const name of found?.needs ?? []) pending.push({ name, from });
  }
  return {
    packages: Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1))),
    sources: Object.fromEntries(sources),
  };
}

/** Where a package is installed, relative to its dependent: "a>b" is the "b" of "a". */
const nameFromDependent = (path: string, dependent: string): string =>
  (path.startsWith(`${dependent}/`) ? path.slice(dependent.length + 1) : path)
    .replace(/^node_modules\//, '')
    .replaceAll('/node_modules/', '>');

const isBuiltin = (specifier: string): boolean =>
  specifier.startsWith('node:') || builtinModules.includes(specifier);

interface Lock {
  readonly file: string;
  /** Of the very bytes that were parsed. */
  readonly digest: string;
  /** That holds node_modules, from the project root. */
  readonly folder: string;
  readonly packages: JsonObject;
}

/**
 * npm's record in the nearest folder upwards that has one: in a workspace of packages it lies above the
 * project.
 */
function findLock(workspace: Workspace, from: string): Lock | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = `${folder}/node_modules/.package-lock.json`;
    if (workspace.disk.stat(place)?.isFile() === true) {
      const bytes = readFileSync(place);
      const lock = jsonIn(bytes.toString('utf8'));
      const packages = isJsonObject(lock) ? lock['packages'] : undefined;
      const path = folder === workspace.root ? 'node_modules/.package-lock.json' : place;
      return {
        file: path,
        digest: digestOf(bytes),
        folder,
        packages: isJsonObject(packages) ? packages : {},
      };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

interface Installed {
  /** "node_modules/a/node_modules/b". */
  readonly path: string;
  readonly version: string;
  readonly integrity: string | undefined;
  /** Of a link: the folder it leads to. */
  readonly target: string | undefined;
  readonly needs: readonly string[];
}

/** Resolves a package as Node does: in the node_modules of the dependent, then of each folder above it. */
function resolve(packages: JsonObject, name: string, from: string): Installed | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    const entry = packages[path];
    if (isJsonObject(entry)) return installed(path, entry, packages);
    if (folder === '') return undefined;
  }
}

function installed(path: string, entry: JsonObject, packages: JsonObject): Installed {
  const target =
    entry['link'] === true && typeof entry['resolved'] === 'string' ? entry['resolved'] : undefined;
  const linked = target === undefined ? undefined : packages[target];
  const facts = isJsonObject(linked) ? linked : entry;
  const { version, integrity } = facts;
  return {
    path,
    target,
    version: typeof version === 'string' ? version : 'linked',
    integrity: target === undefined && typeof integrity === 'string' ? integrity : undefined,
    needs: ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) =>
      isJsonObject(facts[kind]) ? Object.keys(facts[kind]) : [],
    ),
  };
}

async function recorded(
  workspace: Workspace,
  folder: string,
  { path, target, version, integrity }: Installed,
  sources: Map<string, string>,
): Promise<string> {
  if (integrity !== undefined) return `${version} ${integrity}`;
  return `${version} ${await contentOf(workspace, `${folder}/${target ?? path}`, sources)}`;
}

/** A package without a record of npm: put there by hand, or by another package manager. */
async function unrecorded(
  workspace: Workspace,
  folder: string,
  name: string,
  sources: Map<string, string>,
): Promise<string | undefined> {
  const place = installedFor(workspace, folder, name);
  return place === undefined ? undefined : `unrecorded ${await contentOf(workspace, place, sources)}`;
}

async function contentOf(workspace: Workspace, place: string, sources: Map<string, string>): Promise<string> {
  const path = shownPath(workspace, place);
  const content = await sourceDigest(workspace, path);
  sources.set(path, content);
  return content;
}

/** The content of one of the sources of facts, as a text. */
export async function sourceDigest(workspace: Workspace, path: string): Promise<string> {
  const found = await readContent(workspace, path, { links: 'follow', counts: whatCounts(workspace, path) });
  if (!found.ok) return `unreadable: ${found.error.message}`;
  return found.value?.content.digest ?? 'absent';
}

/**
 * The shipped files of a package's folder: a link may lead to a whole project, whose tests and data are not
 * part of the package. For a package without `files`, everything except what a pipeline made in it.
 */
function whatCounts(workspace: Workspace, path: string): (inside: string) => boolean {
  const folder = placeOf(workspace, path);
  const shipped = shippedPaths(packageJsonIn(folder));
  const made =
    shipped === undefined && workspace.disk.stat(`${folder}/pipeline.yaml`) !== undefined
      ? ['artifacts', 'cache']
      : [];
  return (inside) =>
    !leaveOut.includes(inside.slice(inside.lastIndexOf('/') + 1)) &&
    !made.includes(inside) &&
    (shipped?.(inside) ?? true);
}

/** A linked package's own packages are counted by themselves. */
const leaveOut = ['node_modules', '.git'];
