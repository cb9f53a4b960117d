import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblemText } from '../../../files/file-problem.ts';
import { writeFileAtomically } from '../../../files/write-atomically.ts';
import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type {
  ResultsAt,
  ResultsCheck,
  ResultsDifference,
  WrittenResults,
} from '../../answers/results-file.ts';
import type { InstanceMetrics, ResultFiles } from '../../answers/results.ts';
import { cachedFiles, type CachedFiles } from '../../cache/cached-files.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { commitNamed, fileAtCommit } from '../../executors/commit-state.ts';
import type { AwaitedInstances } from '../../event.ts';
import { type InstanceId, type Key, stageOf } from '../../identity.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Selection } from '../../plan/select.ts';
import { quotedCommand } from '../../wording/command-text.ts';
import type { Inspection } from '../../status/inspect.ts';
import { paramsUnder } from '../../store/past-results.ts';
import { lastCleanRun } from '../../store/runs.ts';
import type { Opened } from '../open-rows.ts';
import { invalid } from '../planning/invalid.ts';
import type { Planned } from '../planning/plan-here.ts';
import { selectFrom } from '../planning/select-from.ts';
import {
  digestAnywhere,
  parseResultsFile,
  type RecordedMetric,
  type RecordedResult,
  type RecordedResults,
  resultsFileOf,
  resultsFileText,
} from './results-file.ts';

/** The current states of all instances of the plan. */
export interface KnownNow {
  readonly inspections: readonly Inspection[];
  /** Instances that a list names which is not made yet. */
  readonly awaited: readonly AwaitedInstances[];
  readonly metrics: readonly InstanceMetrics[];
}

/** Writes the results file. A file that this program did not write is not overwritten, but reported. */
export async function writeRecorded(
  { place }: Opened,
  { plan }: Planned,
  known: KnownNow,
): Promise<Result<WrittenResults, Problem>> {
  const file = resultsFileOf(place.file);
  const path = join(place.root, file);
  const before = existsSync(path) ? await readFile(path, 'utf8') : undefined;
  const read = before === undefined ? undefined : parseResultsFile(before, file);
  if (read?.ok === false)
    return fault(
      'not-a-results-file',
      `${file} ${read.error}: it was not changed`,
      'move it away, and try again',
    );
  const results = recordedNow(known);
  const text = resultsFileText({ pipeline: plan.pipeline, results });
  if (text !== before) {
    const written = await writeFileAtomically(path, text);
    if (!written.ok)
      return {
        ok: false,
        error: { kind: 'disk', message: fileProblemText({ ...written.error, path: file }) },
      };
  }
  const there = new Set(results.map(({ instance }) => instance));
  return {
    ok: true,
    value: {
      file,
      instances: results.length,
      changed: text !== before,
      leftOut: known.inspections.flatMap(({ instance: { id } }) => (there.has(id) ? [] : [id])),
    },
  };
}

/** Compares the results file with the project's current results. */
export async function checkRecorded(
  { place }: Opened,
  known: KnownNow,
): Promise<Result<ResultsCheck, Problem>> {
  const file = resultsFileOf(place.file);
  const path = join(place.root, file);
  const write = `create it with ${quotedCommand({ file: place.typed }, 'results --write')}`;
  if (!existsSync(path)) return fault('no-results-file', `there is no ${file}`, write);
  const recorded = parseResultsFile(await readFile(path, 'utf8'), file);
  return recorded.ok
    ? { ok: true, value: { file, ...compared(recorded.value, known) } }
    : fault('not-a-results-file', `${file} ${recorded.error}`, write);
}

function compared(recorded: RecordedResults, known: KnownNow): Omit<ResultsCheck, 'file'> {
  const lines = new Map(recorded.results.map((line) => [line.instance, line]));
  const now = new Map(recordedNow(known).map((line) => [line.instance, line]));
  const named = new Set<string>(known.inspections.map(({ instance: { id } }) => id));
  const platformOnly: InstanceId[] = [];
  const differences: ResultsDifference[] = [];
  let same = 0;
  for (const inspection of known.inspections) {
    const { id } = inspection.instance;
    const found = comparedLine(inspection, lines.get(id), now.get(id));
    if (found === 'same') same += 1;
    else if (found === 'platform') platformOnly.push(id);
    else differences.push({ instance: id, kind: found });
  }
  const awaited = new Set(known.awaited.map(({ name }) => stageOf(name)));
  const unnamed = recorded.results.filter(({ instance }) => !named.has(instance));
  return {
    same,
    platformOnly,
    differences: [
      ...differences,
      ...unnamed.map(({ instance }) => ({
        instance,
        kind: awaited.has(stageOf(instance)) ? ('unknown' as const) : ('gone' as const),
      })),
    ],
  };
}

function comparedLine(
  { key, manifest }: Inspection,
  line: RecordedResult | undefined,
  now: RecordedResult | undefined,
): 'same' | 'platform' | ResultsDifference['kind'] {
  if (line === undefined) return 'missing';
  if (manifest === undefined) return 'unknown';
  if (digestAnywhere(manifest) !== line.manifest) return 'changed';
  if (key !== line.key) return 'platform';
  return now === undefined || sameMetrics(now, line) ? 'same' : 'metrics';
}

const sameMetrics = (a: RecordedResult, b: RecordedResult): boolean =>
  resultsFileText({ pipeline: '', results: [a] }) === resultsFileText({ pipeline: '', results: [b] });

/** Of the instances whose results are up to date. */
function recordedNow({ inspections, metrics }: KnownNow): readonly RecordedResult[] {
  const measured = new Map(metrics.map((row) => [row.instance, row]));
  return inspections.flatMap(({ instance: { id }, state, key, manifest }) =>
    key === undefined || manifest === undefined || (state !== 'up-to-date' && state !== 'restorable')
      ? []
      : [
          {
            instance: id,
            key,
            manifest: digestAnywhere(manifest),
            metrics: recordedMetrics(measured.get(id)),
          },
        ],
  );
}

const recordedMetrics = (row: InstanceMetrics | undefined): RecordedResult['metrics'] =>
  Object.fromEntries(
    Object.entries(row?.values ?? {}).map(([name, value]): [string, RecordedMetric] => {
      const [low, high] = row?.intervals?.[name] ?? [];
      const n = row?.rows?.[name];
      return [
        name,
        {
          value,
          ...(low === undefined || high === undefined ? {} : { low, high }),
          ...(n === undefined ? {} : { n }),
        },
      ];
    }),
  );

/**
 * The results of a commit: from the results file in it, or else from the last successful run of it without
 * changed files.
 */
type AtCommit =
  | { readonly kind: 'file'; readonly commit: string; readonly recorded: RecordedResults }
  | { readonly kind: 'run'; readonly commit: string; readonly run: string };

/** The inner error names the missing item. */
export async function atCommit(
  { store, place }: Opened,
  { plan }: Planned,
  revision: string,
): Promise<Result<AtCommit>> {
  const commit = await commitNamed(place.root, revision);
  if (commit === undefined) return { ok: false, error: `git finds no commit "${revision}"` };
  const short = commit.slice(0, 7);
  const file = resultsFileOf(place.file);
  const text = await fileAtCommit(place.root, commit, file);
  if (text !== undefined) {
    const recorded = parseResultsFile(text, file);
    return recorded.ok
      ? { ok: true, value: { kind: 'file', commit: short, recorded: recorded.value } }
      : { ok: false, error: `${file} at ${short} ${recorded.error}` };
  }
  const run = lastCleanRun(store, plan.pipeline, commit);
  return run === undefined
    ? {
        ok: false,
        error:
          `${short} has no ${file}, and no run of ${plan.pipeline} at it without uncommitted changes ` +
          'is recorded here: check it out and run it',
      }
    : { ok: true, value: { kind: 'run', commit: short, run } };
}

/** The metrics that the results file of a commit has, of the instances that the pipeline file names now. */
export function metricsRecorded(
  { store }: Opened,
  planned: Planned,
  { results }: RecordedResults,
  selection: Selection,
): Result<readonly InstanceMetrics[], Problem> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  const lines = new Map(results.map((line) => [line.instance, line]));
  return {
    ok: true,
    value: selected.value.chosen.flatMap(({ id, labels }: Instance): readonly InstanceMetrics[] => {
      const line = lines.get(id);
      return line === undefined || Object.keys(line.metrics).length === 0
        ? []
        : [{ instance: id, labels, ...metricsOfLine(line), params: paramsUnder(store, line.key) ?? {} }];
    }),
  };
}

function metricsOfLine({ metrics }: RecordedResult): Omit<InstanceMetrics, 'instance' | 'labels' | 'params'> {
  const named = Object.entries(metrics);
  return {
    state: 'up-to-date',
    adopted: false,
    axes: {},
    values: Object.fromEntries(named.map(([name, { value }]) => [name, value])),
    intervals: Object.fromEntries(
      named.flatMap(([name, { low, high }]) =>
        low === undefined || high === undefined ? [] : [[name, [low, high] as const]],
      ),
    ),
    rows: Object.fromEntries(named.flatMap(([name, { n }]) => (n === undefined ? [] : [[name, n]]))),
    faults: [],
  };
}

/** The files of the results that chosen instances had under these keys. */
export async function filesUnder(
  { workspace, store }: Opened,
  chosen: readonly Instance[],
  keys: ReadonlyMap<string, Key>,
): Promise<Omit<ResultsAt, 'commit'>> {
  const wanted = chosen.flatMap(({ id }) => {
    const key = keys.get(id);
    return key === undefined ? [] : [{ id, key }];
  });
  const found = await Promise.all(
    wanted.map(async ({ id, key }) => ({ id, cached: await cachedFiles({ workspace, store }, key) })),
  );
  return {
    results: found.flatMap(({ id, cached }): readonly ResultFiles[] =>
      cached !== undefined && isWhole(cached)
        ? [{ instance: id, state: 'up-to-date', files: cached.files }]
        : [],
    ),
    evicted: found.flatMap(({ id, cached }) => (cached !== undefined && isWhole(cached) ? [] : [id])),
  };
}

const isWhole = ({ outs, files }: CachedFiles): boolean =>
  Object.entries(outs).every(([out, { form }]) => form === 'folder' || files[out] !== undefined);

function fault(code: string, message: string, help: string): { readonly ok: false; readonly error: Problem } {
  const diagnostic: Diagnostic = { severity: 'error', code, message, help };
  return invalid([diagnostic]);
}
