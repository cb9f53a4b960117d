import { join } from 'node:path';
import type { Result } from '../../result.ts';
import type { Problem } from '../answers.ts';
import { builtFile } from './built-file.ts';
import type { ResultSource } from '../cache/result-source.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Session } from '../status/assess.ts';
import { openSession } from '../status/open-session.ts';
import type { Executor } from '../executors/executor.ts';
import type { HelperPrograms } from '../executors/helper-programs.ts';
import { localExecutor } from '../executors/local-executor.ts';
import { findProject, pipelineFiles, type ProjectPlace, readProjectText } from './find-project.ts';
import type { Instance, Plan } from '../plan/instance.ts';
import type { PlannedFile } from '../plan/plan-file.ts';
import { rememberedPlan, rememberPlan } from '../plan/remembered-plan.ts';
import { select, type Selected, type Selection } from '../plan/select.ts';
import { joinFirst } from '../wording/join-first.ts';
import { foldedPath } from '../pipeline-file/project-path.ts';
import { overrideName, type SourceRequest } from '../pipeline-file/source-request.ts';
import { findPlan, recordPlan } from '../store/plan-rows.ts';
import { openStore, openStoreToRead, type Store } from '../store/open-store.ts';
import { type StatRows, statRows } from '../store/stat-rows.ts';
import { guardedDisk } from '../workspace/guarded-disk.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { WorkspaceDisk } from '../workspace/workspace-disk.ts';

/** What a project stands on; a test puts others in their place. */
export interface Host {
  readonly disk: WorkspaceDisk;
  readonly helpers: HelperPrograms;
  readonly environment: NodeJS.ProcessEnv;
  readonly now: () => bigint;
  /** Where stages run; without it, on this machine. */
  readonly executor?: Executor | undefined;
  /** Seconds before attempt n + 1 of an instance. */
  readonly retryDelay: (attempt: number) => number;
  /** Where runs look for results that are not on this disk, and put those that they make. */
  readonly source?: ResultSource | undefined;
}

/** A project's files and rows, open. */
export interface Opened {
  readonly place: ProjectPlace;
  readonly store: Store;
  readonly workspace: Workspace;
  readonly stats: StatRows;
  readonly executor: Executor;
  readonly host: Host;
}

/** What rows are opened for: who only looks makes none, and needs no permission to write. */
export type Access = 'read' | 'write';

export function openRows(place: ProjectPlace, host: Host, access: Access): Result<Opened, Problem> {
  const file = join(place.root, 'cache/pipeline.sqlite');
  const store = access === 'write' ? openStore(file) : openStoreToRead(file);
  if (!store.ok) return store;
  const stats = statRows(store.value);
  const workspace: Workspace = {
    root: place.root,
    disk: guardedDisk(host.disk, place.root),
    stats,
    now: host.now,
    written: new Map(),
  };
  const executor = host.executor ?? localExecutor({ workspace, store: store.value }, host.helpers);
  return { ok: true, value: { place, store: store.value, workspace, stats, executor, host } };
}

/** A plan, and the texts that its diagnostics point into. */
export interface Planned {
  readonly place: ProjectPlace;
  readonly plan: Plan;
  readonly warnings: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
}

export function placeHere(folder: string, file: string | undefined): Result<ProjectPlace, Problem> {
  const place = findProject(folder, file);
  return place.ok ? place : invalid([{ severity: 'error', code: 'no-project', ...place.error }], new Map());
}

/** What else is wrong, by a look at the files, in the sound part of a plan that has faults. */
export type LookAhead = (sound: Plan) => readonly Diagnostic[];

/**
 * Plans a pipeline file, `--set` as it was typed; what the store remembers is taken where nothing changed since, and
 * before it what this process planned last (`before`, with the same `set`).
 */
export async function planHere(
  place: ProjectPlace,
  set: readonly string[],
  store: Store | undefined,
  before?: Planned,
  look: LookAhead = () => [],
): Promise<Result<Planned, Problem>> {
  if (before !== undefined && isCurrent(before, place, set)) {
    const clash = sameName(place, before.plan.pipeline);
    return clash === undefined ? { ok: true, value: before } : invalid([clash], before.sources);
  }
  const request: SourceRequest = {
    file: place.file,
    readText: (path) => readProjectText(place.root, path),
    overrides: set,
  };
  const { result, sound, warnings, sources } = remembered(request, store) ?? (await planAnew(request, store));
  if (!result.ok) return invalid([...result.error, ...(sound === undefined ? [] : look(sound))], sources);
  const clash = sameName(place, result.value.pipeline);
  return clash === undefined
    ? { ok: true, value: { place, plan: result.value, warnings, sources } }
    : invalid([clash], sources);
}

/** Whether a file and all that it extends have the texts that a plan was made from. The texts of `--set` are no files. */
function isCurrent(
  { place, sources }: Planned,
  { root, file }: ProjectPlace,
  set: readonly string[],
): boolean {
  const typed = new Set(set.map((_, index) => overrideName(index)));
  return (
    place.root === root &&
    place.file === file &&
    [...sources].every(([name, text]) => {
      if (typed.has(name)) return true;
      const now = readProjectText(root, name);
      return now.ok && now.value === text;
    })
  );
}

function remembered(request: SourceRequest, store: Store | undefined): PlannedFile | undefined {
  const text = store && findPlan(store, request.file);
  return text === undefined ? undefined : rememberedPlan(text, request, builtFile(import.meta.url));
}

/** The parser is loaded only now. */
async function planAnew(request: SourceRequest, store: Store | undefined): Promise<PlannedFile> {
  const { planFile } = await import('../plan/plan-file.ts');
  const planned = planFile(request);
  if (planned.result.ok && planned.warnings.length === 0 && store !== undefined)
    recordPlan(
      store,
      request.file,
      rememberPlan(planned.result.value, planned.sources, request, builtFile(import.meta.url)),
    );
  return planned;
}

/** Two files with one name would write into one folder. Names are compared as file systems do that ignore case. */
function sameName({ root, file }: ProjectPlace, name: string): Diagnostic | undefined {
  const other = pipelineFiles(root).find(
    (path) => path !== file && foldedPath(pipelineName(root, path)) === foldedPath(name),
  );
  if (other === undefined) return undefined;
  return {
    severity: 'error',
    code: 'same-name',
    message: `${file} and ${other} are both named ${JSON.stringify(name)}: their results would share one folder`,
    at: { file, offset: 0, length: 1 },
    help: 'give one of them another name: …',
  };
}

/** The name that another file says it has; read as text, since its faults are none of this run's. */
function pipelineName(root: string, file: string): string {
  const text = readProjectText(root, file);
  const written = text.ok
    ? /^name:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#][^\n#]*))/m.exec(text.value)
    : null;
  return (
    (written?.[1] ?? written?.[2] ?? written?.[3])?.trim() ??
    file.replace(/^.*\//, '').replace(/\.ya?ml$/i, '')
  );
}

/** Every pipeline file of a project, planned: what names results and files. The first with a fault is the problem. */
export async function plansOnDisk(
  { root, file }: ProjectPlace,
  set: readonly string[],
  store: Store,
): Promise<Result<readonly Planned[], Problem>> {
  const plans: Planned[] = [];
  for (const path of new Set([...pipelineFiles(root), file])) {
    const planned = await planHere({ root, file: path }, set, store);
    if (!planned.ok) return planned;
    plans.push(planned.value);
  }
  return { ok: true, value: plans };
}

export const invalid = (
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
): { readonly ok: false; readonly error: Problem } => ({
  ok: false,
  error: { kind: 'invalid', diagnostics, sources },
});

export function selectFrom({ plan, sources }: Planned, selection: Selection): Result<Selected, Problem> {
  const selected = select(plan, selection);
  return selected.ok ? selected : invalid(selected.error, sources);
}

/** A session for instances that must be able to run (`checked`), and for others that are only looked at: what they need, or more. */
export async function sessionFor(
  opened: Opened,
  { plan, sources }: Planned,
  checked: readonly Instance[],
  looked: readonly Instance[] = withNeeds(plan, checked),
): Promise<Result<Session, Problem>> {
  const { workspace, store, executor, host } = opened;
  const session = await openSession(
    { workspace, store, executor, stageChild: host.helpers.stageChild, environment: host.environment },
    plan,
    checked,
    looked,
  );
  return session.ok ? session : invalid(session.error, withTexts(session.error, workspace.root, sources));
}

/** The texts that diagnostics point into, those of programs too. */
function withTexts(
  diagnostics: readonly Diagnostic[],
  root: string,
  sources: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const texts = new Map(sources);
  for (const { at } of diagnostics) {
    const text = at === undefined || texts.has(at.file) ? undefined : readProjectText(root, at.file);
    if (at !== undefined && text?.ok === true) texts.set(at.file, text.value);
  }
  return texts;
}

/** Instances and all that they need, in the order of the plan. */
export function withNeeds(plan: Plan, instances: readonly Instance[]): readonly Instance[] {
  const ids = new Set(instances.map(({ id }) => id));
  for (const { id } of plan.instances.toReversed())
    if (ids.has(id)) for (const need of plan.needs.get(id) ?? []) ids.add(need);
  return plan.instances.filter(({ id }) => ids.has(id));
}

/** The fault of a name that stands for several instances where one is meant. */
export const oneInstance = (typed: string, found: readonly Instance[]): Diagnostic => ({
  severity: 'error',
  code: 'many-instances',
  message: `${JSON.stringify(typed)} stands for ${found.length} instances, and one is expected: ${joinFirst(
    found.map(({ id }) => id),
    10,
  )}`,
});
