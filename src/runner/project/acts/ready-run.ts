import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Event } from '../../event.ts';
import type { Instance } from '../../plan/instance.ts';
import type { RunRequest } from '../../run-request.ts';
import type { PlannedRun } from '../../schedule/selected/planned-run.ts';
import { frozenWarning } from '../../status/frozen-warning.ts';
import { frozenFaults } from '../../status/frozen.ts';
import { uncheckedDeps } from '../../status/identity/recorded-dep.ts';
import { memoryCheck } from '../estimate.ts';
import type { Opened } from '../open-rows.ts';
import { choose, selectedIn, sessionToRun } from '../planning/chosen.ts';
import { withHubFolders } from '../planning/hub-dependencies.ts';
import { invalid } from '../planning/invalid.ts';
import { placedHere } from '../planning/placed-here.ts';
import type { Planned } from '../planning/plan-here.ts';
import { noSharedCache } from '../shared-cache/shared-source.ts';
import { unreadyExecutor } from './unready-executor.ts';

interface ReadyRun {
  readonly run: PlannedRun;
  /** Before models of the hub were put in their places. */
  readonly planned: Planned;
  readonly chosen: readonly Instance[];
}

/** Plans a request, with all that it needs to run here. */
export async function readyRun(
  opened: Opened,
  plan: () => Promise<Result<Planned, Problem>>,
  request: RunRequest,
  onEvent: (event: Event) => void,
  signal: AbortSignal,
): Promise<Result<ReadyRun, Problem>> {
  const read = await plan();
  if (!read.ok) return read;
  const placed = await placedHere(opened, read.value);
  if (!placed.ok) return placed;
  const planned = placed.value;
  const choice = choose(opened, planned, request);
  if (!choice.ok) return choice;
  const { policyOf, existingOutsOf } = choice.value;
  const { chosen } = choice.value.selected;
  const running = chosen.filter(({ frozen }) => frozen === undefined);
  const withFolders = await withHubFolders(opened, planned, running, onEvent, signal);
  if (!withFolders.ok) return withFolders;
  const selected = selectedIn(withFolders.value.plan, choice.value.selected);
  const session = await sessionToRun(opened, withFolders.value, { ...choice.value, selected }, request);
  if (!session.ok) return session;
  if (request.restoreOnly === true && session.value.source === undefined) return noSharedCache();
  const frozenWithout =
    request.restoreOnly === true ? [] : await frozenFaults(session.value, selected.chosen);
  if (frozenWithout.length > 0) return invalid(frozenWithout, withFolders.value.sources);
  const started =
    request.restoreOnly === true ? [] : selected.chosen.filter(({ frozen }) => frozen === undefined);
  const unready = await unreadyExecutor(session.value, started, onEvent, signal);
  if (unready !== undefined) return invalid([unready], withFolders.value.sources);
  const memory =
    request.restoreOnly === true ? undefined : await memoryCheck(opened, session.value, selected, policyOf);
  const ofMemory = memory?.findings ?? [];
  const tooLarge = ofMemory.filter(({ severity }) => severity === 'error');
  if (tooLarge.length > 0) return invalid(tooLarge, withFolders.value.sources);
  const warnings = [
    ...ofMemory,
    ...withFolders.value.warnings,
    ...frozenWarning(selected.chosen),
    ...(request.allowMissing === true ? uncheckedDeps(session.value, selected.chosen) : []),
  ];
  const { listFaults } = planned;
  const ready = {
    session: session.value,
    selected,
    policyOf,
    existingOutsOf,
    warnings,
    listFaults,
    assessments: memory?.assessments,
  };
  return { ok: true, value: { run: ready, planned, chosen } };
}
