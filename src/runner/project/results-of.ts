import type { Value } from '../../stage/context.ts';
import type { ResultState } from '../answers.ts';
import { asLastMade } from '../status/as-last-made.ts';
import { sameContent, type Session } from '../status/assess.ts';
import { inspect, type Inspection } from '../status/inspect.ts';
import type { Entry } from '../manifest/decide.ts';
import type { Content } from '../manifest/manifest.ts';
import type { Instance } from '../plan/instance.ts';
import { lastMadeKey } from '../store/attempts.ts';
import { findEntry, lastResult } from '../store/entries.ts';
import { placementAt } from '../store/placements.ts';
import { objectPath, objectState } from '../cache/objects.ts';
import { readContent } from '../workspace/read-content.ts';

/** The result that an instance has, with what it was made with: numbers are never shown beside params that they are not of. */
export interface InstanceResult {
  readonly instance: Instance;
  readonly state: ResultState;
  /** Empty where nobody knows any more what it was made with. */
  readonly params: Readonly<Record<string, Value>>;
  /** Where the content of an out can be read, from the project root: outs that are files. */
  readonly files: Readonly<Record<string, string>>;
}

/** The results of instances, which come with all that they need, in the order of the plan; those that have none are left out. */
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
      ? findEntry(store, key)
      : undefined;
  if (current !== undefined)
    return {
      instance,
      state: 'up-to-date',
      params: instance.params,
      files: await objectsOf(session, current),
    };
  const last = lastResult(store, plan.pipeline, instance.id);
  const entry = last && findEntry(store, last.key);
  const placed = await placedFiles(session, instance);
  // A run that filed nothing may have put something newer there.
  if (placed.size > 0 && ![...placed].every(([out, { content }]) => sameAs(entry, out, content))) {
    const params =
      key !== undefined && lastMadeKey(store, plan.pipeline, instance.id) === key ? instance.params : {};
    return {
      instance,
      state: 'not-cached',
      params,
      files: Object.fromEntries([...placed].map(([out, { path }]) => [out, path])),
    };
  }
  return (
    last &&
    entry && {
      instance,
      state: 'out-of-date',
      params: last.manifest.params,
      files: await objectsOf(session, entry),
    }
  );
}

const sameAs = (entry: Entry | undefined, out: string, content: Content): boolean => {
  const known = entry?.outs[out];
  return known !== undefined && sameContent(known, content);
};

async function objectsOf({ workspace }: Session, { outs }: Entry): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  for (const [out, { form, digest }] of Object.entries(outs)) {
    if (form !== 'folder' && (await objectState(workspace, digest)) === 'right')
      files[out] = objectPath(digest);
  }
  return files;
}

/** Outs that are files and stand as a run put them there. */
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
