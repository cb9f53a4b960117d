import { dropOuts } from '../../cache/evict.ts';
import { lastEntryOf } from '../../cache/entry-facts.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { InstanceId, Key } from '../../identity.ts';
import { declaredPolicy, type Entry, type Policy } from '../../manifest/decide.ts';
import { sameContent } from '../../manifest/manifest.ts';
import { type Instance, outsRead, type Plan } from '../../plan/instance.ts';
import { staleLists } from '../../plan/stale-lists.ts';
import { instancesWithNeeds } from '../../plan/with-needs.ts';
import type { DroppedOuts } from '../../run-request.ts';
import { assessAll, isHit, presentOuts } from '../../status/assess-all.ts';
import type { Session } from '../../status/session.ts';
import { instancesOfKey, lastResult } from '../../store/last-results.ts';
import { diskMessage } from '../../store/database/disk-message.ts';
import { readTogether } from '../../store/database/open-store.ts';
import { placementAt } from '../../store/placements.ts';
import { isReproduced } from '../../store/reproduced.ts';
import { quotedCommand } from '../../wording/command-text.ts';
import { readContent } from '../../workspace/read-content.ts';
import { type Run, warn } from '../run.ts';
import { removeOlderOuts } from './place-outs.ts';

/** A temp out with bytes to drop, and the instances that read it. */
interface Candidate {
  readonly instance: Instance;
  readonly out: string;
  readonly path: string;
  readonly key: Key;
  readonly entry: Entry;
  readonly readers: readonly InstanceId[];
  /** Whether its program is known to make the same bytes again. */
  readonly isReproduced: boolean;
}

const keptWarning = ({ typed }: Plan, { id, stage }: Instance): Diagnostic => ({
  severity: 'warning',
  code: 'temp-kept',
  message: `temp outs of ${stage} are kept: nothing has shown that running it again makes the same bytes`,
  help: `check it with ${quotedCommand(typed, 'verify --rerun', [id])}`,
});

/** The same as `dropUnneeded`; after a disk error, the next run drops the rest. */
export async function dropTempOuts(
  run: Run,
  policyOf: (instance: Instance) => Policy,
  ran: ReadonlySet<InstanceId>,
): Promise<DroppedOuts | undefined> {
  try {
    return await dropUnneeded(run, policyOf, ran);
  } catch (error) {
    const message = `temp outs could not be dropped: ${diskMessage(error)}`;
    warn(run, null, { severity: 'warning', code: 'temp-kept', message });
    return undefined;
  }
}

/**
 * Drops the bytes of temp outs that are not needed: all their readers in the pipeline are up to date, and
 * their program is known to make the same bytes again. An out that was requested by name is kept this time.
 * Undefined: nothing was dropped.
 */
async function dropUnneeded(
  run: Run,
  policyOf: (instance: Instance) => Policy,
  ran: ReadonlySet<InstanceId>,
): Promise<DroppedOuts | undefined> {
  const { session } = run;
  const { workspace, store, plan } = session;
  const all = candidatesIn(session);
  const unsure = all.filter(({ instance, isReproduced: isSure }) => !isSure && ran.has(instance.id));
  for (const [, instance] of new Map(unsure.map((one) => [one.instance.stage, one.instance])))
    warn(run, instance.id, keptWarning(plan, instance));
  const candidates = all.filter(
    ({ instance, isReproduced: isSure }) => isSure && policyOf(instance).wanted === undefined,
  );
  if (candidates.length === 0) return undefined;
  const { instances } = session;
  const involved = new Set(candidates.flatMap(({ instance, readers }) => [instance.id, ...readers]));
  const inspected = instancesWithNeeds(
    plan,
    [...involved].flatMap((id) => instances.get(id) ?? []),
  );
  const assessed = await readTogether(store, () => assessAll(session, inspected, declaredPolicy));
  // What else reads from them is known once the lists are.
  if (staleLists(plan, (id) => presentOuts(assessed.get(id))).size > 0) return undefined;
  const unneeded: Candidate[] = [];
  for (const candidate of candidates) {
    const { instance, key, readers } = candidate;
    const seen = assessed.get(instance.id);
    if (seen?.kind !== 'assessed' || seen.assessment.key !== key || !isHit(seen)) continue;
    if (!readers.every((reader) => isHit(assessed.get(reader)))) continue;
    if (await isWhole(session, candidate)) unneeded.push(candidate);
  }
  const names = new Set(unneeded.map(({ instance, out }) => `${instance.id} ${out}`));
  // An entry serves all instances with its key, those of other pipelines too.
  const dropped = unneeded.filter(({ key, out }) =>
    instancesOfKey(store, key).every(
      ({ pipeline, instance }) =>
        pipeline === plan.pipeline && (names.has(`${instance} ${out}`) || !isPlanned(plan, instance)),
    ),
  );
  if (dropped.length === 0) return undefined;
  const drops = new Map<Key, readonly string[]>();
  for (const { key, entry, out } of dropped)
    drops.set(key, [...new Set([...(entry.dropped ?? []), ...(drops.get(key) ?? []), out])]);
  const bytes = await dropOuts({ workspace, store }, drops);
  for (const { instance, key } of dropped) await removeOlderOuts(run.session, instance, drops.get(key));
  return { outs: dropped.map(({ instance, out }) => ({ instance: instance.id, out })), bytes };
}

const isPlanned = (plan: Plan, instance: string): boolean => plan.instances.some(({ id }) => id === instance);

/** Temp outs of computed results that are in place, and not dropped or not wholly. */
function candidatesIn({ store, plan }: Session): readonly Candidate[] {
  const temp = plan.instances.flatMap((instance) =>
    instance.frozen === undefined && instance.cache
      ? Object.entries(instance.outs).flatMap(([out, { temp: isTemp, path }]) =>
          isTemp ? [{ instance, out, path }] : [],
        )
      : [],
  );
  if (temp.length === 0) return [];
  const lists = new Set((plan.lists ?? []).map(({ instance, out }) => `${instance} ${out}`));
  const readers = readersIn(plan);
  return temp.flatMap(({ instance, out, path }): readonly Candidate[] => {
    const reading = readers.get(`${instance.id} ${out}`) ?? [];
    const last = lastResult(store, plan.pipeline, instance.id);
    const entry = lastEntryOf({ store }, plan.pipeline, instance.id);
    if (last === undefined || entry === undefined || entry.adopted === true) return [];
    const isDropped = entry.dropped?.includes(out) === true && placementAt(store, path) === undefined;
    // What nothing reads is a result.
    if (isDropped || reading.length === 0 || lists.has(`${instance.id} ${out}`)) return [];
    const { key, manifest } = last;
    return [
      { instance, out, path, key, entry, readers: reading, isReproduced: isReproduced(store, manifest) },
    ];
  });
}

/** The instances that read each out. */
function readersIn({ instances }: Plan): ReadonlyMap<string, readonly InstanceId[]> {
  const readers = new Map<string, InstanceId[]>();
  for (const { id, deps } of instances)
    for (const { instance, out } of Object.values(deps).flatMap(outsRead))
      readers.set(`${instance} ${out}`, [...(readers.get(`${instance} ${out}`) ?? []), id]);
  return readers;
}

/**
 * Whether an out in the project equals the result, even with its links followed: readers of a dropped out see
 * only what the result records.
 */
async function isWhole({ workspace }: Session, { path, out, entry }: Candidate): Promise<boolean> {
  const content = entry.outs[out];
  const found = await readContent(workspace, path, { links: 'follow' });
  if (!found.ok || content === undefined) return false;
  return found.value === undefined
    ? entry.dropped?.includes(out) === true
    : sameContent(found.value.content, content);
}
