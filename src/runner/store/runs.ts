import { isJsonObject, type Json, jsonIn, parseJson } from '../../files/json.ts';
import type { CommitState, StartedFrom, Truncation } from '../answers/runs.ts';
import type { Outcome, OutcomeCounts, RecordedEvent } from '../event.ts';
import type { InstanceId, RunId } from '../identity.ts';
import { foundInPlace } from './event-log.ts';
import { type Store, unlessDiskFails } from './database/open-store.ts';
import { parseEvent } from './parse-event.ts';
import { type Row, rowOf, rowsOf } from './database/row.ts';

export interface RunRow {
  readonly run: string;
  readonly pipeline: string;
  readonly file: string;
  readonly pid: number;
  readonly pidStarted: string;
  readonly startedAt: number;
  readonly finishedAt: number | undefined;
  readonly exitCode: number | undefined;
  readonly startedFrom: StartedFrom | undefined;
}

/** The row of a run that begins: it counts as killed until it is finished. */
export function insertRun(
  store: Store,
  row: Omit<RunRow, 'finishedAt' | 'exitCode' | 'startedFrom'> & Partial<Pick<RunRow, 'startedFrom'>>,
): void {
  const { run, pipeline, file, pid, pidStarted, startedAt, startedFrom } = row;
  store
    .sql(
      `INSERT INTO runs (run, pipeline, file, pid, pid_started, started_at, started_from)
        VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      run,
      pipeline,
      file,
      pid,
      pidStarted,
      startedAt,
      startedFrom === undefined ? null : JSON.stringify(startedFrom),
    );
}

/** Every pipeline file that a run was started from. */
export const filesOfRuns = (store: Store): readonly string[] =>
  rowsOf(store.sql('SELECT DISTINCT file FROM runs ORDER BY file').all()).map((row) => row.text('file'));

/** Whether a name is taken. */
export const isRun = (store: Store, run: RunId): boolean =>
  store.sql('SELECT 1 FROM runs WHERE run = ?').get(run) !== undefined;

/** How a run ended. */
interface RunEnd {
  readonly at: number;
  readonly exitCode: number;
  readonly counts: OutcomeCounts;
  readonly startedFrom: StartedFrom;
}

/** On a disk that fails, the run counts as killed. */
export function finishRun(store: Store, run: RunId, { at, exitCode, counts, startedFrom }: RunEnd): void {
  unlessDiskFails(() =>
    store
      .sql(
        `UPDATE runs SET finished_at = ?, exit_code = ?, counts = ?, started_from = ?, reaped = 1
          WHERE run = ?`,
      )
      .run(at, exitCode, JSON.stringify(counts), JSON.stringify(startedFrom), run),
  );
}

/** Records what a run was started from, as soon as that is known. */
export function recordStart(store: Store, run: RunId, from: StartedFrom): void {
  unlessDiskFails(() =>
    store.sql('UPDATE runs SET started_from = ? WHERE run = ?').run(JSON.stringify(from), run),
  );
}

/** The last run that ended well and was started from a commit, without changes of the files. */
export function lastCleanRun(store: Store, pipeline: string, commit: string): string | undefined {
  const row = rowOf(
    store
      .sql(
        `SELECT run FROM runs
          WHERE pipeline = ? AND exit_code = 0 AND json_extract(started_from, '$.commit.commit') = ?
          AND json_extract(started_from, '$.commit.isDirty') = 0
          ORDER BY rowid DESC LIMIT 1`,
      )
      .get(pipeline, commit),
  );
  return row?.text('run');
}

/**
 * Whether a run was killed whose leftovers were not cleaned up yet. The caller holds the lock: a run that is
 * not finished is dead.
 */
export function wasKilled(store: Store): boolean {
  return store.sql('SELECT 1 FROM runs WHERE reaped = 0 LIMIT 1').get() !== undefined;
}

/** What killed runs left was cleaned up. */
export function markReaped(store: Store): void {
  store.sql('UPDATE runs SET reaped = 1 WHERE reaped = 0').run();
}

/**
 * The last runs, the newest first: ordered by insertion, independent of the clock. `before`: only runs older
 * than this one; empty if it is unknown.
 */
export function lastRuns(store: Store, limit: number, before?: string): readonly RunRow[] {
  const rows =
    before === undefined
      ? store.sql('SELECT * FROM runs ORDER BY rowid DESC LIMIT ?').all(limit)
      : store
          .sql(
            `SELECT * FROM runs
              WHERE rowid < (SELECT rowid
              FROM runs
              WHERE run = ?)
              ORDER BY rowid DESC LIMIT ?`,
          )
          .all(before, limit);
  return rowsOf(rows).map(runIn);
}

/** Undefined: no run of this name is recorded. */
export function findRun(store: Store, run: string): RunRow | undefined {
  const row = rowOf(store.sql('SELECT * FROM runs WHERE run = ?').get(run));
  return row && runIn(row);
}

const runIn = (row: Row): RunRow => ({
  run: row.text('run'),
  pipeline: row.text('pipeline'),
  file: row.text('file'),
  pid: row.number('pid'),
  pidStarted: row.text('pid_started'),
  startedAt: row.number('started_at'),
  finishedAt: row.optionalNumber('finished_at'),
  exitCode: row.optionalNumber('exit_code'),
  startedFrom: startedFromIn(row.optionalText('started_from')),
});

/** A row that another program edited is ignored. */
function startedFromIn(text: string | undefined): StartedFrom | undefined {
  const found = text === undefined ? undefined : jsonIn(text);
  if (!isJsonObject(found)) return undefined;
  const { user, host, version, node, commit } = found;
  if (typeof host !== 'string' || typeof version !== 'string' || typeof node !== 'string') return undefined;
  return {
    user: typeof user === 'string' ? user : undefined,
    host,
    version,
    node,
    commit: commitIn(commit),
  };
}

function commitIn(found: Json | undefined): CommitState | undefined {
  if (!isJsonObject(found)) return undefined;
  const { commit, branch, isDirty } = found;
  return typeof commit === 'string' && typeof isDirty === 'boolean'
    ? { commit, branch: typeof branch === 'string' ? branch : undefined, isDirty }
    : undefined;
}

function storedCounts(text: string): Record<string, unknown> | undefined {
  const parsed = parseJson(text, '');
  return parsed.ok && isJsonObject(parsed.value) && text !== '{}' ? parsed.value : undefined;
}

/** The number of instances of a run by outcome; for a killed run, those that ended before. */
export function outcomeCounts(store: Store, run: string): OutcomeCounts {
  const known =
    rowOf(store.sql("SELECT coalesce(counts, '{}') AS counts FROM runs WHERE run = ?").get(run))?.text(
      'counts',
    ) ?? '{}';
  const counts: Record<string, unknown> = storedCounts(known) ?? countedEvents(store, run);
  const count = (kind: keyof OutcomeCounts): number => Number(counts[kind] ?? 0);
  return {
    ran: count('ran'),
    'up-to-date': count('up-to-date'),
    adopted: count('adopted'),
    restored: count('restored'),
    failed: count('failed'),
    blocked: count('blocked'),
    skipped: count('skipped'),
    interrupted: count('interrupted'),
    ...(count('submitted') > 0 ? { submitted: count('submitted') } : {}),
    ...(count('waiting') > 0 ? { waiting: count('waiting') } : {}),
  };
}

function countedEvents(store: Store, run: string): Record<string, number> {
  const rows = rowsOf(
    store
      .sql(
        `SELECT json_extract(body, '$.outcome.kind') AS kind, count(*) AS count,
            count(json_extract(body, '$.outcome.adopted')) AS adopted
          FROM events
          WHERE run = ? AND kind = 'finished'
          GROUP BY 1`,
      )
      .all(run),
  );
  const counts = Object.fromEntries(rows.map((row) => [row.text('kind'), row.number('count')]));
  const adopted = rows.reduce((sum, row) => sum + row.number('adopted'), 0);
  const inPlace = foundInPlace(store, run);
  return { ...counts, adopted, 'up-to-date': (counts['up-to-date'] ?? 0) + inPlace.length };
}

/**
 * The last run in which an instance was started, failed to start, or had its outs adopted; for an instance
 * without one, the last run that mentions it.
 */
export function lastReportedRun(store: Store, pipeline: string, instance: InstanceId): string | undefined {
  const last = (condition: string): string | undefined =>
    rowOf(
      store
        .sql(
          `SELECT run FROM events JOIN runs USING (run)
            WHERE instance = ? AND pipeline = ? AND (${condition})
            ORDER BY runs.rowid DESC LIMIT 1`,
        )
        .get(instance, pipeline),
    )?.text('run');
  const startedSql = "kind = 'started'";
  const adoptedSql = "kind = 'finished' AND json_extract(body, '$.outcome.adopted')";
  return last(
    last(startedSql) === undefined
      ? `kind <> 'finished' OR json_extract(body, '$.outcome.kind') <> 'up-to-date' OR (${adoptedSql})`
      : `${startedSql} OR (${adoptedSql}) OR (kind = 'finished' AND json_extract(body, ` +
          "'$.outcome.kind') = 'failed')",
  );
}

/** The events of an instance in a run, in order. */
export function eventsOf(store: Store, run: string, instance: string): readonly RecordedEvent[] {
  return rowsOf(
    store.sql('SELECT body FROM events WHERE run = ? AND instance = ? ORDER BY sequence').all(run, instance),
  ).flatMap((row) => parseEvent<RecordedEvent>(row.text('body')) ?? []);
}

/** How each instance of a pipeline ended when it was last requested. */
export function lastOutcomes(
  store: Store,
  pipeline: string,
): ReadonlyMap<string, { readonly run: string; readonly kind: string }> {
  const rows = rowsOf(store.sql('SELECT instance, run, kind FROM outcomes WHERE pipeline = ?').all(pipeline));
  return new Map(rows.map((row) => [row.text('instance'), { run: row.text('run'), kind: row.text('kind') }]));
}

/** How an instance last ended, whatever the run. */
export function recordOutcome(
  store: Store,
  pipeline: string,
  instance: InstanceId,
  run: RunId,
  kind: Outcome['kind'],
): void {
  unlessDiskFails(() =>
    store
      .sql('INSERT OR REPLACE INTO outcomes (pipeline, instance, run, kind) VALUES (?, ?, ?, ?)')
      .run(pipeline, instance, run, kind),
  );
}

/** How many inputs the instances of a pipeline truncated, as each last reported for each kind of input. */
export function lastTruncations(store: Store, pipeline: string): readonly Truncation[] {
  const rows = rowsOf(
    store
      .sql(
        `SELECT body FROM events JOIN runs USING (run)
          WHERE pipeline = ? AND kind = 'message' AND json_extract(body, '$.message.kind') = 'truncated'
          ORDER BY runs.rowid, sequence`,
      )
      .all(pipeline),
  );
  const last = new Map<string, Truncation>();
  for (const row of rows) {
    const event = parseEvent<RecordedEvent>(row.text('body'));
    if (event?.kind !== 'message' || event.message.kind !== 'truncated') continue;
    const { what, count, of, limit } = event.message;
    last.set(`${event.instance} ${what}`, { instance: event.instance, what, count, of, limit });
  }
  return [...last.values()];
}
