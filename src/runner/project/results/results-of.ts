import type { Value } from '../../../stage/context.ts';
import type { ResultFiles } from '../../answers/results.ts';
import { asLastMade } from '../../status/as-last-made.ts';
import type { Session } from '../../status/session.ts';
import { inspect, type Inspection } from '../../status/inspect.ts';
import type { Key } from '../../identity.ts';
import { parseKey } from '../../manifest/key-of.ts';
import { type Content, sameContent } from '../../manifest/manifest.ts';
import type { Instance } from '../../plan/instance.ts';
import { lastMadeKey } from '../../store/attempts.ts';
import { lastResult } from '../../store/last-results.ts';
import { placementAt } from '../../store/placements.ts';
import { cachedFiles, type CachedFiles } from '../../cache/cached-files.ts';
import { readContent } from '../../workspace/read-content.ts';

/**
 * The result of an instance, with the params that it was made from: numbers are never shown beside other
 * params.
 */
export interface InstanceResult extends Pick<ResultFiles, 'state' | 'files'> {
  readonly instance: Instance;
  /** Undefined where it is not known under which key the files were made. */
  readonly key: Key | undefined;
  readonly adopted: boolean;
  /** Empty if the params that it was computed with are unknown. */
  readonly params: Readonly<Record<string, Value>>;
}

/**
 * The results of instances, which come with all that they need, in the order of the plan; those that have
 * none are left out.
 */
export async function resultsOf(
  session: Session,
  instances: readonly Instance[],
): Promise<readonly InstanceResult[]> {
  const inspections = await inspect(session, instances, await asLastMade(session, instances));
  const found = await Promise.all(inspections.map((inspection) => resultOf(session, inspection)));
  return found.filter((result) => result !== undefined);
}

async function resultOf(
  session: Session,
  { instance, state, key }: Inspection,
): Promise<InstanceResult | undefined> {
  const { store, plan } = session;
  const current =
    key !== undefined && (state === 'up-to-date' || state === 'restorable')
      ? await cachedFiles(session, key)
      : undefined;
  if (current !== undefined)
    return {
      instance,
      key,
      state: 'up-to-date',
      adopted: current.adopted,
      params: instance.params,
      files: current.files,
    };
  const last = lastResult(store, plan.pipeline, instance.id);
  const cached = last && (await cachedFiles(session, last.key));
  const placed = await placedFiles(session, instance);
  // A run that filed nothing may have put something newer there.
  if (placed.size > 0 && ![...placed].every(([out, { content }]) => sameAs(cached, out, content))) {
    const made = lastMadeKey(store, plan.pipeline, instance.id);
    const params = key !== undefined && made === key ? instance.params : {};
    return {
      instance,
      key: made === undefined ? undefined : parseKey(made),
      state: 'not-cached',
      adopted: false,
      params,
      files: Object.fromEntries([...placed].map(([out, { path }]) => [out, path])),
    };
  }
  return (
    last &&
    cached && {
      instance,
      key: last.key,
      state: 'out-of-date',
      adopted: cached.adopted,
      params: last.manifest.params,
      files: cached.files,
    }
  );
}

const sameAs = (cached: CachedFiles | undefined, out: string, content: Content): boolean => {
  const known = cached?.outs[out];
  return known !== undefined && sameContent(known, content);
};

/** Outs that are files and unchanged since a run put them there. */
async function placedFiles(
  { store, workspace }: Session,
  instance: Instance,
): Promise<ReadonlyMap<string, { readonly path: string; readonly content: Content }>> {
  const files = new Map<string, { readonly path: string; readonly content: Content }>();
  for (const [out, { path }] of Object.entries(instance.outs)) {
    const content = placementAt(store, path)?.content;
    const found =
      content === undefined || content.form === 'folder'
        ? undefined
        : await readContent(workspace, path, { links: 'keep' });
    if (
      content !== undefined &&
      found?.ok === true &&
      found.value !== undefined &&
      sameContent(found.value.content, content)
    )
      files.set(out, { path, content });
  }
  return files;
}
