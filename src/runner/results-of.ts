import type { Value } from '../stage/context.ts';
import type { Session } from './execute/assess.ts';
import { inspect, type Inspection } from './execute/inspect.ts';
import type { Instance } from './plan/instance.ts';
import { findEntry, lastResult } from './store/entries.ts';
import { placementAt } from './store/placements.ts';
import { objectPath, objectState } from './workspace/objects.ts';
import { readContent } from './workspace/read-content.ts';

/**
 * The result that an instance has, with what it was made with: numbers are never shown beside params that they are not of.
 * `current`: of all as it is now; `outdated`: the last one, from before something changed; `uncached`: what the last run
 * put in its place and could not or should not cache, made with who knows what.
 */
export interface InstanceResult {
  readonly instance: Instance;
  readonly state: 'current' | 'outdated' | 'uncached';
  readonly params: Readonly<Record<string, Value>>;
  /** Where the content of an out can be read, from the project root: outs that are files. */
  readonly files: Readonly<Record<string, string>>;
}

/** The results of instances, which come with all that they need, in the order of the plan; those that have none are left out. */
export async function resultsOf(session: Session, instances: readonly Instance[]): Promise<readonly InstanceResult[]> {
  const found = await Promise.all((await inspect(session, instances)).map((inspection) => cached(session, inspection).then((result) => result ?? asItStands(session, inspection.instance))));
  return found.filter((result) => result !== undefined);
}

async function cached(session: Session, { instance, state, key }: Inspection): Promise<InstanceResult | undefined> {
  const { store, plan, workspace } = session;
  const isCurrent = state === 'up-to-date' || state === 'restorable';
  const last = isCurrent ? undefined : lastResult(store, plan.pipeline, instance.id);
  const entryKey = isCurrent ? key : last?.key;
  const entry = entryKey && findEntry(store, entryKey);
  if (entry === undefined) return undefined;
  const files: Record<string, string> = {};
  for (const [out, { form, digest }] of Object.entries(entry.outs)) {
    if (form !== 'folder' && await objectState(workspace, digest) === 'right') files[out] = objectPath(digest);
  }
  return { instance, state: isCurrent ? 'current' : 'outdated', params: last?.manifest.params ?? instance.params, files };
}

/** What the runner put in place without filing it, as long as it is as it was put there. */
async function asItStands({ store, workspace }: Session, instance: Instance): Promise<InstanceResult | undefined> {
  const files: Record<string, string> = {};
  for (const [out, { path }] of Object.entries(instance.outs)) {
    const placed = placementAt(store, path);
    const found = placed?.content.form === 'file' ? await readContent(workspace, path, { links: 'keep' }) : undefined;
    if (found?.ok === true && found.value?.content.digest === placed?.content.digest) files[out] = path;
  }
  return Object.keys(files).length === 0 ? undefined : { instance, state: 'uncached', params: instance.params, files };
}
