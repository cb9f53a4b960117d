import { dirname, relative, resolve } from 'node:path';
import { foldedPath } from '../pipeline-file/project-path.ts';
import { recordedDep } from './recorded-dep.ts';
import { joinFirst } from '../wording/join-first.ts';
import { shellName } from '../wording/shell-name.ts';
import { memory } from '../../memory.ts';
import type { Result } from '../../result.ts';
import type { DisplacedOut } from '../event.ts';
import type { ExecutorOf } from '../executors/executors.ts';
import type { InstanceId, Key } from '../identity.ts';
import { decide, type Decision, type Entry, type Lookup, type Policy } from '../manifest/decide.ts';
import { keyOf } from '../manifest/key-of.ts';
import { type Content, type Manifest, sameContent } from '../manifest/manifest.ts';
import { treeChanges } from '../manifest/tree.ts';
import type { Instance, Plan } from '../plan/instance.ts';
import { pastOf } from '../store/attempts.ts';
import { lastIsAdopted, lastResult } from '../store/last-results.ts';
import type { Store } from '../store/database/open-store.ts';
import { placementAt } from '../store/placements.ts';
import {
  type Cache,
  canRestoreDropped,
  lastEntryOf,
  listingOf,
  lookupResult,
  objectCheck,
  type ObjectCheck,
} from '../cache/cache.ts';
import { type IgnoreRules, ignoreRules } from '../workspace/ignore/ignore-rules.ts';
import { globFiles } from '../workspace/glob-files.ts';
import { readContent } from '../workspace/read-content.ts';
import { type Stamp, stampOrNone } from '../workspace/stamp.ts';
import { deadLinkOn } from '../workspace/dead-link.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { manifestOf } from './manifest-of.ts';
import {
  type Inputs,
  type InputSources,
  type MissingInput,
  type OutBehind,
  readInputs,
} from './read-inputs.ts';
import { type ProgramSourcesOfRun, readProgram } from '../programs/read-program.ts';
import type { ContentReader, Reads } from '../programs/reads.ts';

/** What a run works with, the same from its start to its end. */
export interface Session extends ProgramSourcesOfRun, Cache {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly plan: Plan;
  readonly executorOf: ExecutorOf;
  readonly instances: ReadonlyMap<InstanceId, Instance>;
  /** Whether a dep on a path that is not here counts as it did in the last result. */
  readonly allowMissing: boolean;
}

/** Everything is read at most once; never kept while a stage runs. */
export interface ReadCache extends Reads {
  readonly keyOf: (manifest: Manifest) => Key;
  readonly object: ObjectCheck;
  /** The files of a pattern. */
  readonly files: InputSources['files'];
}

/**
 * `known`: keys of manifests, by the text that JSON makes of them: to read one costs less than to make the
 * key again.
 */
export function readCacheOf(workspace: Workspace, known: ReadonlyMap<string, Key> = new Map()): ReadCache {
  const contents = memory<ReturnType<ContentReader>>();
  const stamps = memory<Stamp>();
  const ignoring = memory<IgnoreRules>();
  const files = memory<ReturnType<InputSources['files']>>();
  return {
    keyOf: (manifest) => known.get(JSON.stringify(manifest)) ?? keyOf(manifest),
    read: (path, rules) =>
      contents(`${rules.links} ${rules.ignoring !== undefined} ${path}`, () =>
        readContent(workspace, path, rules),
      ),
    object: objectCheck(workspace),
    stamp: (path) => stamps(path, () => stampOrNone(workspace.disk.stat(placeOf(workspace, path)))),
    ignoring: () => ignoring('', () => ignoreRules(workspace)),
    files: (pattern, rules) =>
      files(`${rules !== undefined} ${pattern}`, () => globFiles(workspace, pattern, rules)),
    executable: memory(),
    code: memory(),
  };
}

/** The inputs of an instance's result, at the time of `reads`. */
export interface Identity {
  readonly key: Key;
  readonly manifest: Manifest;
  readonly inputs: Inputs;
  /** Of all of it: deps and program. */
  readonly stamps: ReadonlyMap<string, Stamp>;
}

/** The assessment of an instance whose deps all exist. */
export interface Assessment extends Identity {
  readonly lookup: Lookup;
  /** With a hit: the outs in the project that differ from the entry. */
  readonly displaced: readonly DisplacedOut[];
  /** With a hit: temp outs, by name, whose bytes were dropped and are not in place. */
  readonly dropped: readonly string[];
  readonly decision: Decision;
  /** With a hit: a GPU made it, and here the instance would compute on the CPU. */
  readonly madeOn?: 'cuda';
}

/** Why nothing can be known: deps that are missing, or a program that is. */
export type Unassessable =
  | { readonly kind: 'inputs'; readonly missing: readonly MissingInput[] }
  | { readonly kind: 'program'; readonly message: string }
  /** It is frozen, and has no available result. */
  | { readonly kind: 'frozen'; readonly message: string };

/** What a preview assumes of results that are not in place; undefined: the files in the project count. */
export interface KnownResults {
  /** The content of an out that has still to be restored. */
  readonly content: (instance: InstanceId, out: string) => Content | undefined;
  readonly isAdopted: (instance: InstanceId) => boolean | undefined;
  /** What the outs of an instance were whose bytes were dropped. */
  readonly dropped: (instance: InstanceId) => Entry['outs'] | undefined;
}

const nothingKnown: KnownResults = {
  content: () => undefined,
  isAdopted: () => undefined,
  dropped: () => undefined,
};

/**
 * Reads all that an instance's result depends on. `installed`: the value of an installed engine that another
 * machine has.
 */
export async function identityOf(
  session: Session,
  instance: Instance,
  reads: ReadCache,
  known: KnownResults = nothingKnown,
  installed?: string,
): Promise<Result<Identity, Unassessable>> {
  const program = await readProgram(instance, session, reads, installed);
  if (!program.ok) return { ok: false, error: { kind: 'program', message: program.error } };
  const inputs = await readInputs(instance, {
    read: reads.read,
    ignoring: reads.ignoring(),
    recorded: (dep) =>
      session.allowMissing ? recordedDep(session.store, session.plan.pipeline, instance, dep) : undefined,
    out(from, out) {
      const dropped = known.dropped(from);
      return {
        path: outPath(session, from, out),
        known: known.content(from, out),
        dropped: dropped === undefined ? lastContent(session, from, out) : dropped[out],
      };
    },
    files: reads.files,
    deadLink: (path) => deadLinkOn(session.workspace, path),
    outBehind: (link) => outBehind(session, link),
    isAdopted: (from) => known.isAdopted(from) ?? lastIsAdopted(session.store, session.plan.pipeline, from),
  });
  if (!inputs.ok) return { ok: false, error: { kind: 'inputs', missing: inputs.error } };
  const manifest = manifestOf(instance, program.value, inputs.value, session);
  return {
    ok: true,
    value: {
      key: reads.keyOf(manifest),
      manifest,
      inputs: inputs.value,
      stamps: new Map([...inputs.value.stamps, ...program.value.stamps]),
    },
  };
}

/**
 * Whether the cache holds an instance's result and its outs match it, and so whether it runs and why.
 */
export async function assess(
  session: Session,
  instance: Instance,
  policy: Policy,
  reads: ReadCache,
  known: KnownResults = nothingKnown,
): Promise<Result<Assessment, Unassessable>> {
  if (instance.frozen !== undefined) return assessFrozen(session, instance, policy, reads);
  const elsewhere = await madeOnGpu(session, instance, policy, reads, known);
  if (elsewhere !== undefined) return { ok: true, value: elsewhere };
  const identity = await identityOf(session, instance, reads, known);
  if (!identity.ok) return identity;
  // An instance that runs anyway needs no shared cache.
  const source = policy.forced || !policy.cache ? { ...session, source: undefined } : session;
  const found = await lookupOuts(source, instance, identity.value.key, policy, reads);
  const { lookup } = found;
  const last =
    lookup.kind === 'hit' ? undefined : lastResult(session.store, session.plan.pipeline, instance.id);
  const decision = decide(identity.value.manifest, lookup, last?.manifest, policy);
  const { unchecked } = identity.value.inputs;
  // What would run has to read them.
  return decision.kind === 'run' && unchecked.length > 0
    ? { ok: false, error: { kind: 'inputs', missing: unchecked } }
    : { ok: true, value: { ...identity.value, ...found, decision } };
}

/** The last result of an instance, where a GPU made it that this machine lacks and nothing else changed. */
async function madeOnGpu(
  session: Session,
  instance: Instance,
  policy: Policy,
  reads: ReadCache,
  known: KnownResults,
): Promise<Assessment | undefined> {
  if (instance.madeOnGpu === undefined || policy.forced || !policy.cache) return undefined;
  const { params, resources, installed } = instance.madeOnGpu;
  const there = { ...instance, params, resources };
  const identity = await identityOf(session, there, reads, known, installed);
  if (!identity.ok) return undefined;
  const found = await lookupOuts(session, there, identity.value.key, policy, reads);
  if (found.lookup.kind !== 'hit') return undefined;
  const decision = { kind: 'restore', entry: found.lookup.entry } as const;
  return { ...identity.value, ...found, decision, madeOn: 'cuda' };
}

/** A frozen instance keeps its last result, whatever its current inputs are. */
async function assessFrozen(
  session: Session,
  instance: Instance,
  policy: Policy,
  reads: ReadCache,
): Promise<Result<Assessment, Unassessable>> {
  const { store, plan } = session;
  const last = lastResult(store, plan.pipeline, instance.id);
  const found = last && (await lookupOuts(session, instance, last.key, policy, reads));
  if (last === undefined || found?.lookup.kind !== 'hit') {
    const missing =
      last === undefined
        ? 'has no result'
        : found?.lookup.kind === 'dropped'
          ? `its temp outs were dropped (${joinFirst(found.lookup.outs, 3)})`
          : 'its last result is not in the cache';
    const message =
      `${instance.id} is frozen and ${missing}: take \`frozen: true\` out and run it with \`pipeline run ` +
      `${shellName(instance.id)}\``;
    return { ok: false, error: { kind: 'frozen', message } };
  }
  const { key, manifest } = last;
  const decision = { kind: 'restore', entry: found.lookup.entry } as const;
  return { ok: true, value: { key, manifest, inputs: nothingRead, stamps: new Map(), ...found, decision } };
}

const nothingRead: Inputs = {
  paths: {},
  digests: {},
  stamps: new Map(),
  listings: new Map(),
  ignored: [],
  unchecked: [],
  dropped: [],
};

/** A link may be created before its target. */
function outBehind({ workspace, plan }: Session, link: string): OutBehind | undefined {
  const { disk, root } = workspace;
  const place = placeOf(workspace, link);
  const real =
    disk.stat(place) === undefined
      ? resolve(disk.realPath(dirname(place)), disk.readLink(place))
      : disk.realPath(place);
  const path = foldedPath(relative(root, real));
  for (const { id, stage, outs } of plan.instances)
    for (const [out, { path: outPlace }] of Object.entries(outs)) {
      const folded = foldedPath(outPlace);
      if (`${path}/`.startsWith(`${folded}/`) || `${folded}/`.startsWith(`${path}/`))
        return { instance: id, stage, out };
    }
  return undefined;
}

/** What a temp out was whose bytes were dropped, or are not in place and can be brought back. */
function lastContent(
  { workspace, store, plan, instances }: Session,
  instance: InstanceId,
  out: string,
): Content | undefined {
  const declared = instances.get(instance)?.outs[out];
  if (declared?.temp !== true) return undefined;
  const last = lastEntryOf({ store }, plan.pipeline, instance);
  const isMissing =
    last?.dropped?.includes(out) === true ||
    workspace.disk.lstat(placeOf(workspace, declared.path)) === undefined;
  return isMissing ? last?.outs[out] : undefined;
}

function outPath({ instances }: Pick<Session, 'instances'>, instance: InstanceId, out: string): string {
  const path = instances.get(instance)?.outs[out]?.path;
  if (path === undefined) throw new Error(`the plan names an out ${out} of ${instance} that is not there`);
  return path;
}

/**
 * The cached entry under an instance's key, and the outs in the project that differ from it. Dropped outs may
 * be missing as long as they are temp and not wanted.
 */
async function lookupOuts(
  session: Session,
  instance: Instance,
  key: Key,
  { wanted }: Policy,
  reads: ReadCache,
): Promise<Pick<Assessment, 'lookup' | 'displaced' | 'dropped'>> {
  const { workspace, store } = session;
  const assessed = (path: string): ReturnType<ContentReader> => reads.read(path, { links: 'keep' });
  const cached = await lookupResult(session, key, {
    object: reads.object,
    async listing(out, content) {
      const found = await assessed(pathOf(instance, out));
      return found.ok && isContent(found, content) ? found.value?.items : undefined;
    },
  });
  switch (cached.kind) {
    case 'absent':
      return { lookup: { kind: 'absent', past: pastOf(store, key) }, displaced: [], dropped: [] };
    case 'damaged': {
      const [path, { object, inside }] = [pathOf(instance, cached.out), cached];
      const file = inside === undefined ? path : `${path}/${inside}`;
      return { lookup: { kind: 'damaged', object, path: file }, displaced: [], dropped: [] };
    }
    case 'hit': {
      // Equal keys have outs with equal names: a row that differs is damaged.
      if (Object.keys(instance.outs).some((out) => cached.entry.outs[out] === undefined))
        return { lookup: { kind: 'absent', past: pastOf(store, key) }, displaced: [], dropped: [] };
      const displaced: DisplacedOut[] = [];
      const dropped: string[] = [];
      const lacking: string[] = [];
      for (const [out, content] of Object.entries(cached.entry.outs)) {
        const path = pathOf(instance, out);
        const found = await assessed(path);
        if (isContent(found, content)) continue;
        const stands = await displacedOut(workspace, store, path, content, found);
        const isDropped = cached.entry.dropped?.includes(out) === true;
        const isLeftOut = isDropped && wanted === undefined && instance.outs[out]?.temp === true;
        if (isLeftOut) dropped.push(out);
        else if (isDropped) lacking.push(out);
        // What another result left there is not to be taken for this one.
        if (!isLeftOut || stands.was === 'another-result') displaced.push(stands);
      }
      return lacking.length > 0 && !(await canRestoreDropped(session, cached.entry, lacking))
        ? { lookup: { kind: 'dropped', entry: cached.entry, outs: lacking }, displaced: [], dropped: [] }
        : { lookup: { kind: 'hit', entry: cached.entry }, displaced, dropped };
    }
  }
}

const isContent = (found: Awaited<ReturnType<ContentReader>>, content: Content): boolean =>
  found.ok && found.value !== undefined && sameContent(found.value.content, content);

function pathOf(instance: Instance, out: string): string {
  const path = instance.outs[out]?.path;
  if (path === undefined) throw new Error(`an entry has an out ${out} that ${instance.id} does not declare`);
  return path;
}

async function displacedOut(
  workspace: Workspace,
  store: Store,
  path: string,
  content: Content,
  found: Awaited<ReturnType<ContentReader>>,
): Promise<DisplacedOut> {
  if (found.ok && found.value === undefined) return { path, was: 'missing' };
  const placed = placementAt(store, path)?.content;
  if (
    found.ok &&
    found.value !== undefined &&
    placed !== undefined &&
    sameContent(found.value.content, placed)
  )
    return { path, was: 'another-result' };
  const before =
    found.ok && found.value?.content.form === 'folder' && content.form === 'folder'
      ? await listingOf({ workspace }, content.digest)
      : undefined;
  return before === undefined || !found.ok
    ? { path, was: 'changed' }
    : { path, was: 'changed', files: treeChanges(before, found.value?.items ?? []) };
}
