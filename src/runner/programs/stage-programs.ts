import { dirname, join } from 'node:path';
import { type Digest, digestOf, parseDigest } from '../../files/digest.ts';
import { SourceFailed } from '../../files/file-problem.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import type { TreeItem } from '../manifest/tree.ts';
import type { Store } from '../store/database/open-store.ts';
import {
  bundleRecord,
  programDescription,
  recordBundle,
  recordDescription,
} from '../store/remembered/program-rows.ts';
import { readFileDigest } from '../workspace/read-content.ts';
import type { Workspace } from '../workspace/workspace.ts';
import {
  type BundleFolder,
  bundlePath,
  bundlesOf,
  keptBundles,
  mapPath,
  passingBundles,
} from './bundle/bundle-folder.ts';
import {
  type BundleRecord,
  contentsOnce,
  isFresh,
  type Packages,
  packagesOnce,
  parseRecord,
  recordOf,
} from './bundle/bundle-record.ts';
import { type Bundle, bundleAll, type BundleFault } from './bundle/bundle.ts';
import { type Description, describeAll, isDescription } from './describe.ts';
import type { EngineFacts, Engines } from './engine.ts';
import { loadFault } from './load-fault.ts';
import { linkDependencies } from './owner-package.ts';

/** A stage program, ready to run. */
export interface StageProgramFacts {
  /** All code of the runner in a stage: the bundle, and the entry that starts it. */
  readonly identity: Digest;
  readonly bundle: Digest;
  /** The bundle, from the project root. */
  readonly file: string;
  /** Whether the bundle is on disk: a read-only project gets none. */
  readonly isKept: boolean;
  /** The files of the project that the bundle was made from. */
  readonly code: readonly TreeItem[];
  /** The files that its packages were read from. */
  readonly sources: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
  readonly description: Description;
  readonly engines: Engines;
}

interface ProgramSources {
  readonly workspace: Workspace;
  readonly store: Store;
  /** The built src/stage/child.ts. */
  readonly stageChild: string;
}

/**
 * Every program by its path, with its engines: ready, or why it cannot be made. Where nothing changed, each
 * file is only read.
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
      // A file was edited while it was bundled: the record would take the old code for that of the new file.
      if (bundle.value.wasUnchanged()) recordBundle(store, path, record);
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
    if (bundle.value.wasUnchanged()) recordBundle(store, path, record);
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

/**
 * Writes a bundle into a folder of bundles, where a process can load it. One that is there stays as it is: a
 * stage that runs from it would count as edited.
 */
export async function writeBundle(
  workspace: Workspace,
  folder: BundleFolder,
  { digest, text, map, owner }: Bundle,
): Promise<void> {
  const path = folder.placeOf(bundlePath(digest, owner?.name));
  if (owner !== undefined) await linkDependencies(workspace, owner, folder.placeOf(bundlesOf(owner.name)));
  const present = await readFileDigest(workspace, path);
  const isPresent = present.ok && present.value === digest;
  for (const written of [
    isPresent ? present : await writeFileAtomically(path, text, workspace.disk),
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
    const answer = answers[index] ?? { ok: false, error: 'it ended while it was being loaded' };
    found.set(digest, answer);
    if (answer.ok) recordDescription(store, digest, answer.value);
  }
  return found;
}

/** With other packages a program may fail to load, although its own code is the same. */
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
