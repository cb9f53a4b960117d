import { join } from 'node:path';
import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import { lastList } from '../../cache/last-list.ts';
import { builtFile } from '../built-file.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { InstanceId } from '../../identity.ts';
import {
  findProject,
  pipelineFiles,
  placeOutside,
  type ProjectPlace,
  readProjectText,
} from '../find-project.ts';
import type { Plan } from '../../plan/instance.ts';
import type { PlannedFile } from '../../plan/plan-file.ts';
import type { LooseDependency } from '../../plan/expand/resolve-dependency.ts';
import { hasCurrentLists, rememberedPlan, rememberPlan } from '../../plan/remembered-plan.ts';
import { foldedPath } from '../../pipeline-file/project-path.ts';
import type { SourceRequest } from '../../pipeline-file/source-request.ts';
import { overrideName } from '../../wording/override-name.ts';
import { findPlan, recordPlan } from '../../store/remembered/plan-rows.ts';
import type { ExecutorSettings } from '../../pipeline-file/executor-settings.ts';
import type { Store } from '../../store/database/open-store.ts';
import { filesOfRuns } from '../../store/runs.ts';
import { workspaceDisk } from '../../workspace/disk/workspace-disk.ts';
import { nearestPath } from '../../workspace/nearest-path.ts';
import { invalid } from './invalid.ts';

/** A plan, and the texts that its diagnostics point into. */
export interface Planned {
  readonly place: ProjectPlace;
  readonly plan: Plan;
  /** The queues that its instances may be placed on; none before they are. */
  readonly executors: ReadonlyMap<string, ExecutorSettings>;
  readonly warnings: readonly Diagnostic[];
  /** Faults of the lists that matrices take values from, in their last version. */
  readonly listFaults: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
  /** Whether the store has it, for the next process. */
  readonly isStored: boolean;
}

/** The project of a folder; the problem is a diagnostic with the file that was probably meant. */
export function placeHere(folder: string, file: string | undefined): Result<ProjectPlace, Problem> {
  const place = findProject(folder, file);
  return place.ok ? place : invalid([{ severity: 'error', code: 'no-project', ...place.error }]);
}

/** The faults of the files that the sound part of a faulty plan names. */
export type FindFileFaults = (sound: Plan, loose: readonly LooseDependency[]) => readonly Diagnostic[];

/**
 * Plans a pipeline file, with `--set` as typed. Reuses the plan in the store if nothing changed since, and
 * first the last plan of this process (`before`, with the same `set`).
 */
export async function planHere(
  place: ProjectPlace,
  set: readonly string[],
  store: Store | undefined,
  before?: Planned,
  findFileFaults: FindFileFaults = () => [],
): Promise<Result<Planned, Problem>> {
  const request: SourceRequest = {
    file: place.file,
    readText: (path) => readProjectText(place.root, path),
    leadsOutTo: (path) => placeOutside(place.root, path),
    nearestPath: (path) => nearestPath({ root: place.root, disk: workspaceDisk }, path),
    overrides: set,
    ...(store === undefined
      ? {}
      : {
          readList: (pipeline: string, instance: InstanceId, out: string) =>
            lastList(place.root, store, pipeline, instance, out),
        }),
  };
  if (before !== undefined && isCurrent(before, place, request))
    return withUniqueName(before.isStored ? before : stored(before, request, store));
  const known = remembered(request, store);
  const {
    result,
    sound,
    loose,
    listFaults = [],
    warnings,
    sources,
  } = known ?? (await planFromSources(request));
  if (!result.ok)
    return invalid(
      withFileFaults(result.error, sound === undefined ? [] : findFileFaults(sound, loose ?? [])),
      sources,
    );
  const planned = {
    place,
    plan: { ...result.value, typed: { file: place.typed, set } },
    executors: new Map(),
    warnings,
    listFaults,
    sources,
    isStored: known !== undefined,
  };
  return withUniqueName(planned.isStored ? planned : stored(planned, request, store));
}

/** A dep that overlaps an out is wrong whether or not its file exists: one fault says what to write. */
function withFileFaults(
  faults: readonly Diagnostic[],
  ofFiles: readonly Diagnostic[],
): readonly Diagnostic[] {
  const overlaps = new Set(faults.filter(({ code }) => code === 'overlap').map(placeOfFault));
  return [...faults, ...ofFiles.filter((fault) => !overlaps.has(placeOfFault(fault)))];
}

const placeOfFault = ({ at }: Diagnostic): string => JSON.stringify(at);

function withUniqueName(planned: Planned): Result<Planned, Problem> {
  const clash = sameName(planned.place, planned.plan.pipeline);
  return clash === undefined ? { ok: true, value: planned } : invalid([clash], planned.sources);
}

/** One with warnings, or with faults of its lists, is not stored: they are found by planning. */
function stored(planned: Planned, request: SourceRequest, store: Store | undefined): Planned {
  if (store === undefined || planned.warnings.length > 0 || planned.listFaults.length > 0) return planned;
  const text = rememberPlan(planned.plan, planned.sources, request, builtFile(import.meta.url));
  recordPlan(store, request.file, text);
  return { ...planned, isStored: true };
}

/**
 * Whether a plan was made from this file, all that it extends, and the lists that it names. The texts of
 * `--set` are not files.
 */
function isCurrent(
  { place, plan, sources }: Planned,
  { root, file }: ProjectPlace,
  { overrides, readList }: SourceRequest,
): boolean {
  const typed = new Set(overrides.map((_, index) => overrideName(index)));
  return (
    place.root === root &&
    place.file === file &&
    hasCurrentLists(plan, readList) &&
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
async function planFromSources(request: SourceRequest): Promise<PlannedFile> {
  const { planFile } = await import('../../plan/plan-file.ts');
  return planFile(request);
}

/**
 * Two files with one name would write into one folder. Names are compared as file systems do that ignore
 * case.
 */
function sameName({ root, file }: ProjectPlace, name: string): Diagnostic | undefined {
  const other = pipelineFiles(root).find(
    (path) => path !== file && foldedPath(pipelineName(root, path)) === foldedPath(name),
  );
  if (other === undefined) return undefined;
  const quoted = JSON.stringify(name);
  return {
    severity: 'error',
    code: 'same-name',
    message: `${file} and ${other} are both named ${quoted}: their results would share a folder`,
    at: { file, offset: 0, length: 1 },
    help: 'give one of them another name: …',
  };
}

/** The name in another pipeline file; read as text, since faults of that file do not concern this run. */
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

/**
 * Every pipeline file of a project, planned: what names results and files. Those in other folders are known by
 * their runs. The first with a fault is the problem.
 */
export async function plansOnDisk(
  { root, file }: ProjectPlace,
  set: readonly string[],
  store: Store,
): Promise<Result<readonly Planned[], Problem>> {
  const plans: Planned[] = [];
  const elsewhere = filesOfRuns(store).filter(
    (path) => workspaceDisk.stat(join(root, path))?.isFile() === true,
  );
  for (const path of new Set([...pipelineFiles(root), file, ...elsewhere])) {
    const planned = await planHere({ root, file: path }, set, store);
    if (!planned.ok) return planned;
    plans.push(planned.value);
  }
  return { ok: true, value: plans };
}
