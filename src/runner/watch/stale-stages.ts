import type { Problem } from '../answers/problem.ts';
import { identityOf } from '../status/identity/identity-of.ts';
import { readCacheOf } from '../status/identity/read-cache.ts';
import type { Session } from '../status/session.ts';
import type { Unassessable } from '../status/assess.ts';
import type { RunControls, RunningStage } from '../schedule/run-controls.ts';
import { assessAll, type AssessedInstance } from '../status/assess-all.ts';
import { firstChangedFile } from '../status/identity/first-changed-file.ts';
import type { InstanceId, Key } from '../identity.ts';
import { declaredPolicy } from '../manifest/decide.ts';
import { differences } from '../manifest/differences.ts';
import { reasonText } from '../report/reason-text.ts';
import type { Instance, Plan } from '../plan/instance.ts';
import type { Selected } from '../plan/select.ts';
import type { Result } from '../../result.ts';

/** Work of a run in progress that is no longer needed. */
interface Stale {
  /** Its plan is out of date: nothing more should be started. */
  readonly isPlanStale: boolean;
  /** Stages whose results are no longer needed. `file`: the changed file, if that is the only reason. */
  readonly stages: readonly StaleStage[];
}

export interface StaleStage {
  readonly stage: RunningStage;
  readonly because: string;
  /** Whether only files that it reads directly changed: no result upstream, and not the pipeline file. */
  readonly isOwnEdit: boolean;
}

/**
 * Compares a run in progress with what would be run now. `current`: the finished instances, with their keys.
 * An unreadable file may be unchanged: that is a problem, and no reason to cancel anything.
 */
export async function staleStages(
  now: Session,
  { chosen, takenAsIs }: Selected,
  controls: RunControls,
  current: ReadonlyMap<InstanceId, Key>,
): Promise<Result<Stale, Problem>> {
  const assessments = await assessAll(
    now,
    chosen,
    declaredPolicy,
    new Set([...takenAsIs.map(({ id }) => id), ...current.keys()]),
  );
  const unreadable = [...current.keys()]
    .map((id) => unreadableOf(assessments.get(id)))
    .find((problem) => problem !== undefined);
  if (unreadable !== undefined) return { ok: false, error: unreadable };
  const keys = new Map(
    [...assessments].flatMap(([id, seen]) =>
      seen.kind === 'assessed' ? [[id, seen.assessment.key] as const] : [],
    ),
  );
  const outdated = new Set(
    [...current].flatMap(([id, key]) => (now.instances.has(id) && keys.get(id) !== key ? [id] : [])),
  );
  const readers = readersOf(now.plan, outdated);
  const plannedKeys = new Set(keys.values());
  const stages: StaleStage[] = [];
  for (const stage of controls.running()) {
    const need = readers.get(stage.instance.id);
    const change =
      need === undefined
        ? await changeOf(now, stage, plannedKeys)
        : changed(`${need}, which it depends on, is out of date`);
    if (!change.ok) return change;
    if (change.value !== undefined) stages.push({ stage, ...change.value });
  }
  return {
    ok: true,
    value: { isPlanStale: outdated.size > 0 || shapeOf(now) !== shapeOf(controls.session), stages },
  };
}

/** For each direct or indirect reader of an out-of-date instance, that instance. */
function readersOf(
  { instances, needs }: Plan,
  outdated: ReadonlySet<InstanceId>,
): ReadonlyMap<InstanceId, InstanceId> {
  const readers = new Map<InstanceId, InstanceId>();
  for (const { id } of instances) {
    const from = (needs.get(id) ?? [])
      .map((need) => (outdated.has(need) ? need : readers.get(need)))
      .find((need) => need !== undefined);
    if (from !== undefined) readers.set(id, from);
  }
  return readers;
}

type Change = Omit<StaleStage, 'stage'>;

const unchanged = { ok: true, value: undefined } as const;
const changed = (because: string, isOwnEdit = false): Result<Change, never> => ({
  ok: true,
  value: { because, isOwnEdit },
});

/**
 * Why a running stage differs from what would be run now, under this or another name; undefined: it does not,
 * and none of its files was touched.
 */
async function changeOf(
  session: Session,
  { instance, assessment }: RunningStage,
  plannedKeys: ReadonlySet<Key>,
): Promise<Result<Change | undefined, Problem>> {
  const now = session.instances.get(instance.id);
  const identity = now && (await identityOf(session, now, readCacheOf(session.workspace)));
  const unreadable = identity?.ok === false ? unreadableIn(identity.error) : undefined;
  if (unreadable !== undefined) return { ok: false, error: unreadable };
  if (identity?.ok !== true || identity.value.key !== assessment.key) {
    if (plannedKeys.has(assessment.key)) return unchanged;
    if (now === undefined) return changed('it is no longer selected');
    if (identity?.ok !== true) return changed('a file that it reads was removed');
  }
  const file = firstChangedFile(assessment, identity.value);
  const [difference] = differences(assessment.manifest, identity.value.manifest);
  if (file === undefined) return unchanged;
  if (difference === undefined) return changed(`${file} was touched`, true);
  return difference.field[0] === 'deps'
    ? changed(`${file} was changed`, true)
    : changed(reasonText(difference));
}

const unreadableOf = (seen: AssessedInstance | undefined): Problem | undefined =>
  seen?.kind === 'unassessable' ? unreadableIn(seen.why) : undefined;

/** A path that exists and cannot be read. */
function unreadableIn(why: Unassessable): Problem | undefined {
  const unreadable = why.kind === 'inputs' ? why.missing.find(({ absent }) => !absent) : undefined;
  return unreadable === undefined
    ? undefined
    : { kind: 'disk', message: `${unreadable.path}: ${unreadable.message}` };
}

/**
 * The plan and the programs of a run, without input data, texts for people, and positions in the pipeline
 * file.
 */
const shapeOf = ({ plan, programs }: Session): string =>
  JSON.stringify([
    plan.instances.map(unplaced),
    [...programs].map(([path, { identity, packages, engines }]) => [
      path,
      identity,
      packages,
      [...engines].map(([name, engine]) => [
        name,
        engine.ok ? [engine.value.bundle, engine.value.packages] : null,
      ]),
    ]),
  ]);

/** Field by field: a user's map may have the same names as the internal ones. */
const unplaced = ({ program, deps, outs, ...instance }: Instance): unknown => ({
  ...instance,
  description: undefined,
  at: undefined,
  paramRanges: undefined,
  paramNameRanges: undefined,
  resourceRanges: undefined,
  program:
    program.kind === 'uses'
      ? program.path
      : [program.kind, program.words, program.code.map(({ value }) => value)],
  deps: Object.entries(deps).map(([name, dep]) => [name, { ...dep, hint: undefined, at: undefined }]),
  outs: Object.entries(outs).map(([name, out]) => [name, { ...out, at: undefined }]),
});
