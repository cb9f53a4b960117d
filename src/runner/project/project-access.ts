import type { Result } from '../../result.ts';
import type { Problem } from '../answers/problem.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Instance } from '../plan/instance.ts';
import { select, type Selection } from '../plan/select.ts';
import { smokeFolder } from '../plan/smoke-instance.ts';
import { newRunId } from '../schedule/new-run-id.ts';
import { fileFaults } from '../status/preflight/file-faults.ts';
import { orDiskProblem } from './disk-problem.ts';
import { type ProjectPlace, textNamed } from './find-project.ts';
import { storeFolder } from './machine/store-folder.ts';
import { type Access, hasCache, type Host, type Opened, openRows } from './open-rows.ts';
import { withKnownHubFolders } from './planning/hub-dependencies.ts';
import { placedHere } from './planning/placed-here.ts';
import { type FindFileFaults, placeHere, type Planned, planHere } from './planning/plan-here.ts';

/** Which pipeline file of which project, as the command line names them. */
export interface ProjectOptions {
  /** Where the command was started: the project is the nearest folder upwards that holds a pipeline.yaml. */
  readonly folder: string;
  /** `-f FILE`, from `folder`; without it the project's pipeline.yaml. */
  readonly file?: string;
  /** `--set K=V`, in order. */
  readonly set?: readonly string[];
  /** `--executor`: where everything runs. */
  readonly executor?: string;
  /** Whether runs are smoke runs: small, under keys and in a folder of their own. */
  readonly smoke?: boolean;
  /** Called with warnings: probable mistakes that are not errors. A run reports them as events. */
  readonly onWarning?: (warning: Diagnostic, textOf: TextOf) => void;
}

/** The text of a file that diagnostics point into. */
export type TextOf = (file: string) => string | undefined;

type Answer<T> = Promise<Result<T, Problem>> | Result<T, Problem>;

/** A command's requirements of a plan. */
interface PlanUse {
  /** What must be able to run. */
  readonly checked?: Selection;
  readonly warn?: (warning: Diagnostic) => void;
}

/** The rows of a project and its plan. Both are kept from call to call, for as long as they are current. */
export interface ProjectAccess {
  readonly root: string;
  /** The texts that were last read. */
  readonly textOf: TextOf;
  readonly warn: (warning: Diagnostic) => void;
  /** Of the pipeline file, as it was last read. */
  instances(): readonly Instance[];
  place(): Result<ProjectPlace, Problem>;
  opened(place: ProjectPlace, access: Access): Promise<Result<Opened, Problem>>;
  /**
   * The present rows: the cache may have been deleted since they were opened. Nothing may be using them.
   */
  reopened(place: ProjectPlace): Promise<Result<Opened, Problem>>;
  /** `checked`: what must be able to run. */
  planned(access: Access, checked?: Selection): Promise<Result<Planned, Problem>>;
  /** Answers from the rows alone, so it works even if a pipeline file has faults. */
  withRows<T>(access: Access, answer: (opened: Opened) => Answer<T>): Promise<Result<T, Problem>>;
  withPlan<T>(
    access: Access,
    answer: (opened: Opened, planned: Planned) => Answer<T>,
    use?: PlanUse,
  ): Promise<Result<T, Problem>>;
  close(): void;
}

/** Opens nothing yet: each call opens and reads what it needs. */
export function projectAccess(
  { folder, file, set = [], executor, smoke = false, onWarning = () => undefined }: ProjectOptions,
  host: Host,
): ProjectAccess {
  const place = (): Result<ProjectPlace, Problem> => placeHere(folder, file);
  const first = place();
  const own = {
    ...host,
    executorName: executor,
    smoke: smoke ? `${smokeFolder}/${newRunId(Date.now(), () => false)}` : undefined,
  };
  let rows: Result<Opened, Problem> | undefined;
  let last: Planned | undefined;
  // A run with nothing to do has read nothing yet.
  const textOf: TextOf = (name) =>
    last?.sources.get(name) ?? (first.ok ? textNamed(first.value.root, set, name) : undefined);
  const warn = (warning: Diagnostic): void => onWarning(warning, textOf);

  function close(): void {
    if (rows?.ok === true) rows.value.store.close();
    rows = undefined;
  }
  async function opened(at: ProjectPlace, access: Access): Promise<Result<Opened, Problem>> {
    if (rows?.ok === true && (access === 'read' || rows.value.store.isKept)) return rows;
    const store = await storeFolder(at.root, host.environment);
    if (!store.ok) return store;
    if (rows?.ok === true && access === 'write' && !rows.value.store.isKept) close();
    if (rows?.ok !== true) rows = openRows(at, store.value, own, access);
    return rows;
  }
  async function planned(access: Access, checked?: Selection): Promise<Result<Planned, Problem>> {
    const at = place();
    if (!at.ok) return at;
    // A project that was never run is not given a cache for having faults.
    const open = hasCache(at.value) ? await opened(at.value, access) : undefined;
    if (open?.ok === false) return open;
    const findFaults = faultFinder({ root: at.value.root, disk: host.disk }, checked);
    const plan = await planHere(at.value, set, open?.value.store, last, findFaults);
    if (plan.ok) last = plan.value;
    return plan;
  }

  return {
    root: first.ok ? first.value.root : folder,
    textOf,
    warn,
    instances: () => last?.plan.instances ?? [],
    place,
    opened,
    async reopened(at) {
      if (rows?.ok === true && !rows.value.store.isInPlace()) close();
      return opened(at, 'write');
    },
    planned,
    withRows: (access, answer) =>
      orDiskProblem(async () => {
        const at = place();
        if (!at.ok) return at;
        const open = await opened(at.value, access);
        return open.ok ? answer(open.value) : open;
      }),
    withPlan: (access, answer, { checked, warn: report = warn } = {}) =>
      orDiskProblem(async () => {
        const plan = await planned(access, checked);
        if (!plan.ok) return plan;
        const open = await opened(plan.value.place, access);
        if (!open.ok) return open;
        const placed = await placedHere(open.value, plan.value);
        if (!placed.ok) return placed;
        const { warnings, listFaults } = placed.value;
        for (const warning of warnings) report(warning);
        // The list may be made again; a run reports whether they block it.
        for (const fault of listFaults) report({ ...fault, severity: 'warning' });
        const resolved = await withKnownHubFolders(open.value, placed.value);
        return resolved.ok ? answer(open.value, resolved.value) : resolved;
      }),
    close,
  };
}

/** Finds the faults of the files that a selection reads, in the sound part of a faulty plan. */
const faultFinder =
  (workspace: Parameters<typeof fileFaults>[0], checked: Selection | undefined): FindFileFaults =>
  (sound, loose) => {
    const selected = checked && select(sound, checked);
    return selected?.ok === true
      ? fileFaults(workspace, sound, selected.value.chosen, checked?.patterns.length === 0 ? loose : [])
      : [];
  };
