import { memory } from '../../../memory.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { InstanceId } from '../../identity.ts';
import type { Instance, Plan } from '../../plan/instance.ts';
import type { Selected } from '../../plan/select.ts';
import { instancesWithNeeds, needsToRun } from '../../plan/with-needs.ts';
import { quotedCommand } from '../../wording/command-text.ts';
import { declaredPolicy, type Entry } from '../../manifest/decide.ts';
import { parseKey } from '../../manifest/key-of.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { lastKeys } from '../../store/last-results.ts';
import { lookupResult } from '../../cache/lookup-result.ts';
import { restore } from '../../cache/restore.ts';
import { placeOf } from '../../workspace/workspace.ts';
import { asLastMade } from '../../status/as-last-made.ts';
import type { Run } from '../run.ts';
import { isHit, assessAll } from '../../status/assess-all.ts';

export interface TakenAsIs {
  readonly warnings: readonly Diagnostic[];
  /** Chosen instances whose inputs are neither there nor in the cache, and what to do about it. */
  readonly blocked: ReadonlyMap<InstanceId, string>;
}

/**
 * Prepares the inputs of chosen instances that are not chosen themselves (`--only`, `--from`). Missing outs
 * are restored, from the last result or from one that another pipeline or clone made; outs that are out of
 * date are used, with a warning.
 */
export async function takeAsIs(run: Run, { chosen, takenAsIs }: Selected): Promise<TakenAsIs> {
  if (takenAsIs.length === 0) return { warnings: [], blocked: new Map() };
  const missing = new Map<InstanceId, string>();
  const entryOf = entriesOf(run, takenAsIs);
  for (const instance of takenAsIs) {
    const lacking = await restoreMissing(run, instance, entryOf);
    if (lacking !== undefined)
      missing.set(
        instance.id,
        `${lacking} is missing, and no result of ${instance.id} is in the cache: compute it ` +
          `with ${quotedCommand(run.session.plan.typed, 'run', [instance.id])}`,
      );
  }
  const { plan } = run.session;
  const blocked = new Map(
    chosen.flatMap((instance): readonly (readonly [InstanceId, string])[] => {
      const message = needsToRun(plan, instance)
        .map((need) => missing.get(need))
        .find((text) => text !== undefined);
      return message === undefined ? [] : [[instance.id, message]];
    }),
  );
  return {
    warnings: await outOfDate(
      run,
      takenAsIs.filter(({ id }) => !missing.has(id)),
    ),
    blocked,
  };
}

/** Returns the first out that is not available. */
async function restoreMissing(
  { session }: Run,
  instance: Instance,
  entryOf: EntryOf,
): Promise<string | undefined> {
  const { workspace, plan } = session;
  const outs = Object.entries(instance.outs).filter(
    ([, { path }]) => workspace.disk.lstat(placeOf(workspace, path)) === undefined,
  );
  if (outs.length === 0) return undefined;
  const entry = await entryOf(instance);
  for (const [name, { path, temp }] of outs) {
    // What reads it has it brought back where it runs.
    if (temp && entry?.dropped?.includes(name) === true) continue;
    if (entry?.outs[name] === undefined) return path;
    const restored = await restore(session, entry, {
      pipeline: plan.pipeline,
      instance: instance.id,
      outs: [{ name, path, inPlace: false }],
    });
    if (!restored.ok || restored.value.kind === 'damaged') return path;
  }
  return undefined;
}

type EntryOf = (instance: Instance) => Promise<Entry | undefined>;

/** The results that missing outs are restored from. */
function entriesOf({ session }: Run, takenAsIs: readonly Instance[]): EntryOf {
  const { store, plan } = session;
  const once = memory<ReturnType<typeof assessAll>>();
  return async ({ id }) => {
    const key = parseKey(lastKeys(store, plan.pipeline).get(id) ?? '');
    const last = key && (await lookupResult(session, key));
    if (last?.kind === 'hit') return last.entry;
    const assessed = await once('all', () =>
      assessAll(session, instancesWithNeeds(plan, takenAsIs), declaredPolicy),
    );
    const found = assessed.get(id);
    return found?.kind === 'assessed' && found.assessment.decision.kind === 'restore'
      ? found.assessment.decision.entry
      : undefined;
  };
}

async function outOfDate({ session }: Run, takenAsIs: readonly Instance[]): Promise<readonly Diagnostic[]> {
  const all = instancesWithNeeds(session.plan, takenAsIs);
  const made = await asLastMade(session, all);
  const assessments = await assessAll(session, all, declaredPolicy, made);
  const [first, ...more] = takenAsIs.filter(({ id }) => !made.has(id) && !isHit(assessments.get(id)));
  return first === undefined
    ? []
    : [more.length === 0 ? oneOutOfDate(session.plan, first) : manyOutOfDate(session.plan, first, more)];
}

const oneOutOfDate = ({ typed }: Plan, { id, at }: Instance): Diagnostic => ({
  severity: 'warning',
  code: 'out-of-date',
  message: `using out-of-date outputs of ${id}`,
  at,
  help: `update them with ${quotedCommand(typed, 'run', [id])}`,
});

function manyOutOfDate({ typed }: Plan, first: Instance, more: readonly Instance[]): Diagnostic {
  const all = [first, ...more];
  return {
    severity: 'warning',
    code: 'out-of-date',
    message: `using out-of-date outputs of ${all.length} instances: ${joinFirst(
      all.map(({ id }) => id),
      3,
    )}`,
    at: first.at,
    help: `update them with ${quotedCommand(typed, 'run', [...new Set(all.map(({ stage }) => stage))])}`,
  };
}
