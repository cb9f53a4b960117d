import { dirname, relative, resolve } from 'node:path';
import type { Result } from '../../../result.ts';
import { lastEntryOf } from '../../cache/entry-facts.ts';
import type { InstanceId, Key } from '../../identity.ts';
import type { Entry } from '../../manifest/decide.ts';
import type { Content, Manifest } from '../../manifest/manifest.ts';
import { foldedPath } from '../../pipeline-file/project-path.ts';
import type { Instance } from '../../plan/instance.ts';
import { readProgram } from '../../programs/read-program.ts';
import { lastIsAdopted } from '../../store/last-results.ts';
import { deadLinkOn } from '../../workspace/dead-link.ts';
import type { Stamp } from '../../workspace/stamp.ts';
import { placeOf } from '../../workspace/workspace.ts';
import type { Session } from '../session.ts';
import { manifestOf } from './manifest-of.ts';
import type { ReadCache } from './read-cache.ts';
import { type Inputs, type MissingInput, type OutBehind, readInputs } from './read-inputs.ts';
import { recordedDep } from './recorded-dep.ts';

/** The inputs of an instance's result, at the time of `reads`. */
export interface Identity {
  readonly key: Key;
  readonly manifest: Manifest;
  readonly inputs: Inputs;
  /** Of all of it: deps and program. */
  readonly stamps: ReadonlyMap<string, Stamp>;
}

/** Why a result has no identity: deps that are missing, or a program that is. */
export type Unidentifiable =
  | { readonly kind: 'inputs'; readonly missing: readonly MissingInput[] }
  | { readonly kind: 'program'; readonly message: string };

/** What a preview assumes of results that are not in place; undefined: the files in the project count. */
export interface KnownResults {
  /** The content of an out that has still to be restored. */
  readonly content: (instance: InstanceId, out: string) => Content | undefined;
  readonly isAdopted: (instance: InstanceId) => boolean | undefined;
  /** What the outs of an instance were whose bytes were dropped. */
  readonly dropped: (instance: InstanceId) => Entry['outs'] | undefined;
}

export const nothingKnown: KnownResults = {
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
): Promise<Result<Identity, Unidentifiable>> {
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
