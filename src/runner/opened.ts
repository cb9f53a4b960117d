import { join } from 'node:path';
import type { Result } from '../result.ts';
import type { Problem } from './answers.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Session } from './execute/assess.ts';
import { openSession } from './execute/open-session.ts';
import type { Companions } from './execute/supervisor-client.ts';
import { findProject, readProjectText, type ProjectPlace } from './find-project.ts';
import type { Instance, Plan } from './plan/instance.ts';
import { planFile } from './plan/plan-file.ts';
import { select, type Selected, type Selection } from './plan/select.ts';
import { openStore, type Store } from './store/open-store.ts';
import { type StatRows, statRows } from './store/stat-rows.ts';
import type { Workspace } from './workspace/workspace.ts';
import type { WorkspaceDisk } from './workspace/workspace-disk.ts';

/** What a project stands on; a test puts others in their place. */
export interface Surroundings {
  readonly disk: WorkspaceDisk;
  readonly companions: Companions;
  readonly environment: NodeJS.ProcessEnv;
  readonly now: () => bigint;
  /** Seconds before attempt n + 1 of an instance. */
  readonly retryDelay: (attempt: number) => number;
}

/** A project's files and rows, open. */
export interface Opened {
  readonly place: ProjectPlace;
  readonly store: Store;
  readonly workspace: Workspace;
  readonly stats: StatRows;
  readonly surroundings: Surroundings;
}

export function openRows(place: ProjectPlace, surroundings: Surroundings): Result<Opened, Problem> {
  const store = openStore(join(place.root, 'cache/pipeline.sqlite'));
  if (!store.ok) return store;
  const stats = statRows(store.value);
  const workspace: Workspace = { root: place.root, disk: surroundings.disk, stats, now: surroundings.now, written: new Map() };
  return { ok: true, value: { place, store: store.value, workspace, stats, surroundings } };
}

/** A plan, and the texts that its diagnostics point into. */
export interface Planned {
  readonly place: ProjectPlace;
  readonly plan: Plan;
  readonly sources: ReadonlyMap<string, string>;
}

export function placeHere(folder: string, file: string | undefined): Result<ProjectPlace, Problem> {
  const place = findProject(folder, file);
  return place.ok ? place : invalid([{ severity: 'error', code: 'no-project', message: place.error }], new Map());
}

/** Reads a pipeline file: `-f` and `--set` as they were typed. */
export function planHere(folder: string, file: string | undefined, set: readonly string[]): Result<Planned, Problem> {
  const place = placeHere(folder, file);
  if (!place.ok) return place;
  const { result, sources } = planFile({ file: place.value.file, readText: (path) => readProjectText(place.value.root, path), overrides: set });
  return result.ok ? { ok: true, value: { place: place.value, plan: result.value, sources } } : { ok: false, error: { kind: 'invalid', diagnostics: result.error, sources } };
}

export const invalid = (diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>): { readonly ok: false; readonly error: Problem } => ({ ok: false, error: { kind: 'invalid', diagnostics, sources } });

export function selectFrom({ plan, sources }: Planned, selection: Selection): Result<Selected, Problem> {
  const selected = select(plan, selection);
  return selected.ok ? selected : invalid(selected.error, sources);
}

/** A session for instances that must be able to run (`checked`) and for all that they need. */
export async function sessionFor(opened: Opened, { plan, sources }: Planned, checked: readonly Instance[]): Promise<Result<Session, Problem>> {
  const { workspace, store, surroundings } = opened;
  const session = await openSession({ workspace, store, companions: surroundings.companions, environment: surroundings.environment }, plan, checked, withNeeds(plan, checked));
  return session.ok ? session : invalid(session.error, sources);
}

/** Instances and all that they need, in the order of the plan. */
export function withNeeds(plan: Plan, instances: readonly Instance[]): readonly Instance[] {
  const ids = new Set(instances.map(({ id }) => id));
  for (const { id } of plan.instances.toReversed()) if (ids.has(id)) for (const need of plan.needs.get(id) ?? []) ids.add(need);
  return plan.instances.filter(({ id }) => ids.has(id));
}
