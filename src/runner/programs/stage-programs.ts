import { dirname, join } from 'node:path';
import { type Digest, digestOf, parseDigest } from '../../files/digest.ts';
import { SourceFailed } from '../../files/file-problem.ts';
import { isJsonObject, type Json } from '../../files/json.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import { memoize, memory } from '../../memory.ts';
import type { Result } from '../../result.ts';
import type { TreeItem } from '../manifest/tree.ts';
import type { Store } from '../store/open-store.ts';
import {
  bundleRecord,
  programDescription,
  recordBundle,
  recordDescription,
} from '../store/remembered/program-rows.ts';
import { readFileDigest } from '../workspace/read-content.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import {
  type BundleFolder,
  bundlePath,
  bundlesOf,
  keptBundles,
  mapPath,
  passingBundles,
} from './bundle-folder.ts';
import { type Bundle, bundleAll, type BundleFault, bundlerVersion } from './bundle.ts';
import { type Description, describeAll, isDescription } from './describe.ts';
import type { EngineFacts, Engines } from './engine.ts';
import { loadFault } from './load-fault.ts';
import { linkDependencies, type OwnerPackage } from './owner-package.ts';
import { type PackageFacts, packageFacts, sourceDigest } from './packages.ts';

/** A stage program, ready to run. */
export interface StageProgramFacts {
  /** Of all our code that runs: the bundle, and the entry that starts it. */
  readonly identity: Digest;
  readonly bundle: Digest;
  /** The bundle, from the project root. */
  readonly file: string;
  /** Whether it stands there: a project that is only looked at is given none. */
  readonly isKept: boolean;
  /** The files of the project that the bundle was made from. */
  readonly code: readonly TreeItem[];
  /** The files that its packages were read from. */
  readonly sources: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
  readonly description: Description;
  readonly engines: Engines;
}

export interface ProgramSources {
  readonly workspace: Workspace;
  readonly store: Store;
  /** The built src/stage/child.ts. */
  readonly stageChild: string;
}

/** What a bundle was made from. While all of it is as it was, the bundle need not be made again. */
interface BundleRecord {
  readonly bundler: string;
  readonly bundle: Digest;
  /** The name of the package that it is a module of; null: it is a file of the project. */
  readonly owner: string | null;
  /** The file that the bundle begins with, from the project's root. */
  readonly entry: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly absent: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
  /** Where the packages were read from → its content. */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Every program by its path, with its engines: ready, or why it cannot be made. With nothing changed this takes a look at
 * each file, no more.
 */
export async function stagePrograms(
  sources: ProgramSources,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Bundled<StageProgramFacts>>> {
  const programs = await withoutEngines(sources, paths);
  const engines = await enginesAt(
    sources,
    [...programs.values()].flatMap((program) => (program.ok ? [...enginePaths(program.value).values()] : [])),
  );
  return new Map([...programs].map(([path, program]) => [path, withEngines(program, engines)]));
}

type Bundled<T> = Result<T, readonly BundleFault[]>;

function withEngines(
  program: Bundled<ProgramAlone>,
  engines: ReadonlyMap<string, Bundled<EngineFacts>>,
): Bundled<StageProgramFacts> {
  if (!program.ok) return program;
  const named = [...enginePaths(program.value)].flatMap(([name, path]) => {
    const engine = engines.get(path);
    return engine === undefined ? [] : ([[name, engine]] as const);
  });
  return { ok: true, value: { ...program.value, engines: new Map(named) } };
}

/** A program before its engines are known. */
interface ProgramAlone extends Omit<StageProgramFacts, 'engines'> {
  readonly entry: string;
}

/** Where each engine's module is, from the project root, by its name. */
const enginePaths = ({ entry, description }: ProgramAlone): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(description.engines?.programs ?? {}).map(([name, path]) => [
      name,
      `./${join(dirname(entry), path)}`,
    ]),
  );

async function withoutEngines(
  sources: ProgramSources,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Bundled<ProgramAlone>>> {
  const { workspace, store, stageChild } = sources;
  const entry = await readFileDigest(workspace, stageChild);
  if (!entry.ok || entry.value === undefined)
    throw new Error(`${stageChild} is missing: npm run prepare builds it`);
  const digests = contentsOnce(workspace);
  const found = new Map<string, Bundled<ProgramAlone>>();
  const stale: string[] = [];
  for (const path of paths) {
    const record = parseRecord(bundleRecord(store, path));
    const description = record && programDescription(store, record.bundle);
    if (record !== undefined && isDescription(description) && (await isFresh(workspace, record, digests))) {
      found.set(path, { ok: true, value: facts(entry.value, record, description, true) });
    } else stale.push(path);
  }
  if (stale.length === 0) return found;
  const bundled = await bundleAll(workspace, stale);
  const packagesOf = packagesOnce(workspace);
  await using folder = store.isKept ? keptBundles(workspace.root) : passingBundles(workspace.root);
  for (const bundle of bundled.values()) if (bundle.ok) await writeBundle(workspace, folder, bundle.value);
  const descriptions = await described(
    sources,
    folder,
    packagesOf,
    [...bundled].flatMap(([path, bundle]) => (bundle.ok ? [[path, bundle.value] as const] : [])),
  );
  for (const [path, bundle] of bundled) {
    const description = bundle.ok ? descriptions.get(bundle.value.digest) : undefined;
    if (!bundle.ok) found.set(path, bundle);
    else if (description?.ok !== true)
      found.set(path, {
        ok: false,
        error: [await loadFault(workspace.root, description?.error ?? 'it could not be loaded')],
      });
    else {
      const record = await recordOf(workspace, packagesOf, bundle.value, description.value.packages);
      // A file that was edited while it was bundled: the record would say of the old code that it is the new file's.
      if (bundle.value.stoodStill()) recordBundle(store, path, record);
      found.set(path, { ok: true, value: facts(entry.value, record, description.value, store.isKept) });
    }
  }
  return found;
}

/** Every engine by its path. One bundle serves all the programs that name it. */
async function enginesAt(
  { workspace, store }: ProgramSources,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Bundled<EngineFacts>>> {
  const found = new Map<string, Bundled<EngineFacts>>();
  const digests = contentsOnce(workspace);
  const stale: string[] = [];
  for (const path of new Set(paths)) {
    const record = parseRecord(bundleRecord(store, path));
    if (record !== undefined && (await isFresh(workspace, record, digests)))
      found.set(path, { ok: true, value: engineFacts(record) });
    else stale.push(path);
  }
  if (stale.length === 0) return found;
  const packagesOf = packagesOnce(workspace);
  for (const [path, bundle] of await bundleAll(workspace, stale)) {
    if (!bundle.ok) {
      found.set(path, bundle);
      continue;
    }
    if (store.isKept) await writeBundle(workspace, keptBundles(workspace.root), bundle.value);
    const record = await recordOf(workspace, packagesOf, bundle.value, []);
    if (bundle.value.stoodStill()) recordBundle(store, path, record);
    found.set(path, { ok: true, value: engineFacts(record) });
  }
  return found;
}

const engineFacts = ({ bundle, owner, inputs, packages, sources }: BundleRecord): EngineFacts => ({
  bundle,
  file: bundlePath(bundle, owner ?? undefined),
  code: codeOf(inputs),
  sources: Object.keys(sources),
  packages,
});

const facts = (
  child: Digest,
  { bundle, owner, entry, inputs, packages, sources }: BundleRecord,
  description: Description,
  isKept: boolean,
): ProgramAlone => ({
  identity: digestOf(`${child}\n${bundle}\n`),
  bundle,
  entry,
  file: bundlePath(bundle, owner ?? undefined),
  isKept,
  code: codeOf(inputs),
  sources: Object.keys(sources),
  packages,
  description,
});

function codeOf(inputs: BundleRecord['inputs']): readonly TreeItem[] {
  return Object.entries(inputs).flatMap(([path, content]): readonly TreeItem[] => {
    const digest = parseDigest(content);
    return digest.ok && !/^(\/|\.\.\/)/.test(path)
      ? [{ kind: 'file', path, executable: false, digest: digest.value }]
      : [];
  });
}

type Contents = (path: string) => Promise<string>;

/** Programs share most of their files: each is looked at once. */
const contentsOnce = (workspace: Workspace): Contents =>
  memoize(async (path) => {
    const digest = await readFileDigest(workspace, path);
    return digest.ok ? (digest.value ?? 'absent') : 'unreadable';
  });

type Packages = (specifiers: readonly string[], owner: OwnerPackage | undefined) => Promise<PackageFacts>;

/** npm's record is long, and most programs name the same packages. */
function packagesOnce(workspace: Workspace): Packages {
  const known = memory<Promise<PackageFacts>>();
  return (specifiers, owner) =>
    known(JSON.stringify([specifiers, owner?.folder]), () => packageFacts(workspace, specifiers, owner));
}

async function isFresh(workspace: Workspace, record: BundleRecord, contents: Contents): Promise<boolean> {
  const file = bundlePath(record.bundle, record.owner ?? undefined);
  if (record.bundler !== bundlerVersion || (await contents(file)) !== record.bundle) return false;
  // An older version wrote none.
  if (workspace.disk.stat(placeOf(workspace, mapPath(file))) === undefined) return false;
  for (const [path, digest] of Object.entries(record.inputs))
    if ((await contents(path)) !== digest) return false;
  for (const [path, digest] of Object.entries(record.sources))
    if ((await sourceContent(workspace, path, contents)) !== digest) return false;
  return record.absent.every((path) => workspace.disk.stat(placeOf(workspace, path)) === undefined);
}

/** A file is the record of what npm installed, the same for all programs; a folder is a package that has no record. */
const sourceContent = (workspace: Workspace, path: string, contents: Contents): Promise<string> =>
  path.endsWith('.json') ? contents(path) : sourceDigest(workspace, path);

async function recordOf(
  workspace: Workspace,
  packagesOf: Packages,
  { digest, owner, entry, inputs, absent, external }: Bundle,
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
    absent,
    packages,
    sources,
  };
}

async function writeBundle(
  workspace: Workspace,
  folder: BundleFolder,
  { digest, text, map, owner }: Bundle,
): Promise<void> {
  const path = folder.placeOf(bundlePath(digest, owner?.name));
  if (owner !== undefined) await linkDependencies(workspace, owner, folder.placeOf(bundlesOf(owner.name)));
  for (const written of [
    await writeFileAtomically(path, text, workspace.disk),
    await writeFileAtomically(mapPath(path), map, workspace.disk),
  ]) {
    if (!written.ok) throw new SourceFailed(written.error);
  }
}

async function described(
  { workspace, store, stageChild }: ProgramSources,
  folder: BundleFolder,
  packagesOf: Packages,
  bundles: readonly (readonly [path: string, bundle: Bundle])[],
): Promise<ReadonlyMap<Digest, Result<Description>>> {
  const found = new Map<Digest, Result<Description>>();
  const unknown: Bundle[] = [];
  for (const [path, bundle] of bundles) {
    const { digest } = bundle;
    if (found.has(digest) || unknown.some((other) => other.digest === digest)) continue;
    const known = programDescription(store, digest);
    if (isDescription(known) && (await hasPackagesAsBefore(store, packagesOf, path, bundle, known)))
      found.set(digest, { ok: true, value: known });
    else unknown.push(bundle);
  }
  const answers = await describeAll(
    stageChild,
    workspace.root,
    unknown.map(({ digest, owner }) => folder.placeOf(bundlePath(digest, owner?.name))),
  );
  for (const [index, { digest }] of unknown.entries()) {
    const answer = answers[index] ?? { ok: false, error: 'it ended while it was loaded' };
    found.set(digest, answer);
    if (answer.ok) recordDescription(store, digest, answer.value);
  }
  return found;
}

/** With other packages a program may load no more, though it is the same. */
async function hasPackagesAsBefore(
  store: Store,
  packagesOf: Packages,
  path: string,
  { external, owner }: Bundle,
  description: Description,
): Promise<boolean> {
  const before = parseRecord(bundleRecord(store, path));
  if (before === undefined) return false;
  const { packages } = await packagesOf([...external, ...description.packages], owner);
  return JSON.stringify(packages) === JSON.stringify(before.packages);
}

function parseRecord(value: Json | undefined): BundleRecord | undefined {
  if (!isJsonObject(value)) return undefined;
  const { bundler, bundle, owner, entry, inputs, absent, packages, sources } = value;
  const digest = parseDigest(String(bundle));
  if (
    typeof bundler !== 'string' ||
    typeof entry !== 'string' ||
    !digest.ok ||
    !isTexts(inputs) ||
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
  };
}

const isTexts = (value: Json | undefined): value is Readonly<Record<string, string>> =>
  isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string');
