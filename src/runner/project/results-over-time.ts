import type { Result } from '../../result.ts';
import type { Problem } from '../answers/problem.ts';
import type { MetricsAtCommit, ResultsAt, ResultsCheck, WrittenResults } from '../answers/results-file.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Key } from '../identity.ts';
import type { Selection } from '../plan/select.ts';
import { inspected } from './answers/inspected.ts';
import { metrics, metricsOfRun } from './answers/results.ts';
import { wholeRun } from './answers/runs.ts';
import type { Opened } from './open-rows.ts';
import type { Planned } from './planning/plan-here.ts';
import { selectFrom } from './planning/select-from.ts';
import {
  atCommit,
  checkRecorded,
  filesUnder,
  type KnownNow,
  metricsRecorded,
  writeRecorded,
} from './results/recorded-results.ts';

/** Writes the results file. */
export async function writeResults(
  opened: Opened,
  planned: Planned,
): Promise<Result<WrittenResults, Problem>> {
  const known = await knownNow(opened, planned);
  return known.ok ? writeRecorded(opened, planned, known.value) : known;
}

/** Compares the results file with the project's current results. */
export async function checkResults(opened: Opened, planned: Planned): Promise<Result<ResultsCheck, Problem>> {
  const known = await knownNow(opened, planned);
  return known.ok ? checkRecorded(opened, known.value) : known;
}

async function knownNow(opened: Opened, planned: Planned): Promise<Result<KnownNow, Problem>> {
  const inspection = await inspected(opened, planned, everything);
  if (!inspection.ok) return inspection;
  const measured = await metrics(opened, planned, everything, () => undefined);
  return measured.ok ? { ok: true, value: { ...inspection.value, metrics: measured.value } } : measured;
}

const everything: Selection = { patterns: [], mode: 'needs' };

/** The metrics of a commit; the inner error names the missing item. */
export async function metricsAtCommit(
  opened: Opened,
  planned: Planned,
  revision: string,
  selection: Selection,
  warn: (warning: Diagnostic) => void,
): Promise<Result<Result<MetricsAtCommit>, Problem>> {
  const found = await atCommit(opened, planned, revision);
  if (!found.ok) return { ok: true, value: found };
  const { commit } = found.value;
  const measured =
    found.value.kind === 'file'
      ? metricsRecorded(opened, planned, found.value.recorded, selection)
      : await metricsOfRun(opened, planned, found.value.run, selection, warn);
  return measured.ok
    ? { ok: true, value: { ok: true, value: { commit, metrics: measured.value ?? [] } } }
    : measured;
}

/** Where the files of the results of a commit can be read. */
export async function resultsAtCommit(
  opened: Opened,
  planned: Planned,
  revision: string,
  selection: Selection,
): Promise<Result<Result<ResultsAt>, Problem>> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  const found = await atCommit(opened, planned, revision);
  if (!found.ok) return { ok: true, value: found };
  const { commit } = found.value;
  const keys: ReadonlyMap<string, Key> =
    found.value.kind === 'file'
      ? new Map(found.value.recorded.results.map(({ instance, key }) => [instance, key]))
      : await keysOfRun(opened, planned, found.value.run);
  const files = await filesUnder(opened, selected.value.chosen, keys);
  return { ok: true, value: { ok: true, value: { commit, ...files } } };
}

async function keysOfRun(opened: Opened, planned: Planned, run: string): Promise<ReadonlyMap<string, Key>> {
  const history = await wholeRun(opened, run, planned);
  return new Map(
    (history?.instances ?? []).flatMap(({ instance, key }) => (key === undefined ? [] : [[instance, key]])),
  );
}
