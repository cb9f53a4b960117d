import type { InstanceId, Key, RunId } from '../identity.ts';
import type { Past } from '../manifest/decide.ts';
import { parseKey } from '../manifest/key-of.ts';
import { wasFinished } from './last-results.ts';
import { type Store, unlessDiskFails } from './database/open-store.ts';
import { type Row, rowOf, rowsOf } from './database/row.ts';

export interface Attempt {
  readonly run: RunId;
  readonly pipeline: string;
  readonly instance: InstanceId;
  readonly attempt: number;
  readonly key: Key;
  /** The file of its output, from the project root. */
  readonly output: string;
  /** The name of the executor that it is given to. */
  readonly executor: string;
  /** What the executor finds its job by where the handle was lost. */
  readonly nonce: string;
}

/** Records that an attempt takes up the job of an earlier one, whose runner died. */
export function takeUpAttempt(store: Store, attempt: Attempt, left: OpenAttempt): void {
  store.database.transaction(() => {
    beginAttempt(store, attempt);
    abandonAttempt(store, left);
  })();
}

/** Records that an attempt is about to start. */
export function beginAttempt(store: Store, attempt: Attempt): void {
  const { run, pipeline, instance, attempt: number, key, output, executor, nonce } = attempt;
  store
    .sql(
      `INSERT OR REPLACE INTO attempts (run, pipeline, instance, attempt, key, output, executor, nonce)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(run, pipeline, instance, number, key, output, executor, nonce);
}

/** Stores the executor's handle of the job. Without it, on a full disk, the nonce identifies the job. */
export function recordHandle(store: Store, { run, instance, attempt }: Attempt, handle: string): void {
  unlessDiskFails(() =>
    store
      .sql('UPDATE attempts SET handle = ? WHERE run = ? AND instance = ? AND attempt = ?')
      .run(handle, run, instance, attempt),
  );
}

/** Stores on which machine an attempt runs. */
export function recordHost(
  store: Store,
  { run, instance, attempt }: Attempt,
  { host, cpu }: { readonly host: string; readonly cpu: string },
): void {
  unlessDiskFails(() =>
    store
      .sql('UPDATE attempts SET host = ?, cpu = ? WHERE run = ? AND instance = ? AND attempt = ?')
      .run(host, cpu, run, instance, attempt),
  );
}

/** What the processes of an attempt took. */
export interface AttemptUsage {
  readonly cpuSeconds: number;
  /** Undefined: it ended before anything was seen of its memory. */
  readonly peakMemoryBytes?: number | undefined;
}

/** Stores what an attempt took. */
export function recordUsage(
  store: Store,
  { run, instance, attempt }: Attempt,
  { cpuSeconds, peakMemoryBytes }: AttemptUsage,
): void {
  unlessDiskFails(() =>
    store
      .sql(
        'UPDATE attempts SET cpu_seconds = ?, peak_memory = ? WHERE run = ? AND instance = ? AND attempt = ?',
      )
      .run(cpuSeconds, peakMemoryBytes ?? null, run, instance, attempt),
  );
}

/** The resource usage of the attempts of a run, in their order, by instance; unknown ones are left out. */
export function usageOfRun(store: Store, run: string): ReadonlyMap<string, readonly AttemptUsage[]> {
  const usage = new Map<string, AttemptUsage[]>();
  const rows = rowsOf(
    store
      .sql(
        `SELECT instance, cpu_seconds, peak_memory FROM attempts
          WHERE run = ? AND cpu_seconds IS NOT NULL
          ORDER BY attempt`,
      )
      .all(run),
  );
  for (const row of rows) {
    const instance = row.text('instance');
    const taken = {
      cpuSeconds: row.number('cpu_seconds'),
      peakMemoryBytes: row.optionalNumber('peak_memory'),
    };
    usage.set(instance, [...(usage.get(instance) ?? []), taken]);
  }
  return usage;
}

/** The model of CPUs that the last attempt at a key ran on, before that of a nonce; undefined: not known. */
export const earlierCpu = (store: Store, key: Key, nonce: string): string | undefined =>
  rowOf(
    store
      .sql(
        `SELECT cpu FROM attempts JOIN runs USING (run)
          WHERE key = ? AND nonce <> ? AND cpu IS NOT NULL
          ORDER BY runs.rowid DESC, attempt DESC LIMIT 1`,
      )
      .get(key, nonce),
  )?.text('cpu');

/** An attempt whose end was never recorded. */
export interface OpenAttempt {
  readonly run: string;
  readonly pipeline: string;
  readonly instance: string;
  readonly attempt: number;
  readonly key: Key;
  readonly output: string;
  readonly executor: string;
  readonly nonce: string;
  /** Undefined: its runner died before it was known. */
  readonly handle: string | undefined;
}

/**
 * The attempts that an executor was given and whose end was never recorded, the newest first. `key`: at this
 * key alone.
 */
export const openAttempts = (store: Store, executor: string, key?: Key): readonly OpenAttempt[] =>
  rowsOf(
    store
      .sql(
        `SELECT attempts.* FROM attempts JOIN runs USING (run)
          WHERE ended IS NULL AND executor = ? ${key === undefined ? '' : 'AND key = ?'}
          ORDER BY runs.rowid DESC, attempt DESC`,
      )
      .all(executor, ...(key === undefined ? [] : [key])),
  ).flatMap(openAttemptIn);

/** Those of a pipeline that other executors than one were given: their jobs may go on. */
export const attemptsInQueues = (store: Store, pipeline: string, local: string): readonly OpenAttempt[] =>
  rowsOf(
    store
      .sql(
        `SELECT * FROM attempts
          WHERE ended IS NULL AND pipeline = ? AND executor NOT IN ('', ?)
          ORDER BY instance`,
      )
      .all(pipeline, local),
  ).flatMap(openAttemptIn);

/** The same of all pipelines. */
export const allAttemptsInQueues = (store: Store, local: string): readonly OpenAttempt[] =>
  rowsOf(
    store
      .sql(
        `SELECT * FROM attempts
          WHERE ended IS NULL AND executor NOT IN ('', ?)
          ORDER BY pipeline, instance`,
      )
      .all(local),
  ).flatMap(openAttemptIn);

function openAttemptIn(row: Row): readonly OpenAttempt[] {
  const key = parseKey(row.text('key'));
  if (key === undefined) return [];
  return [
    {
      run: row.text('run'),
      pipeline: row.text('pipeline'),
      instance: row.text('instance'),
      attempt: row.number('attempt'),
      key,
      output: row.text('output'),
      executor: row.text('executor'),
      nonce: row.text('nonce'),
      handle: row.optionalText('handle'),
    },
  ];
}

/**
 * The keys of attempts that were given to other executors than one and whose end was never recorded: their
 * jobs may go on.
 */
export const keysInQueues = (store: Store, local: string): readonly string[] =>
  rowsOf(
    store.sql("SELECT DISTINCT key FROM attempts WHERE ended IS NULL AND executor NOT IN ('', ?)").all(local),
  ).map((row) => row.text('key'));

/** Records that an attempt of a run that died was interrupted. */
export function abandonAttempt(store: Store, { run, instance, attempt }: OpenAttempt): void {
  store
    .sql("UPDATE attempts SET ended = 'interrupted' WHERE run = ? AND instance = ? AND attempt = ?")
    .run(run, instance, attempt);
}

/**
 * Records as done the attempts whose results were published before their runner died: it had yet to record
 * their end.
 */
export function endPublishedAttempts(store: Store): void {
  store
    .sql(
      `UPDATE attempts SET ended = 'done'
        WHERE ended IS NULL
          AND EXISTS (SELECT 1 FROM entries WHERE entries.key = attempts.key AND entries.run = attempts.run)`,
    )
    .run();
}

/** How an attempt ends. `verified`: what it made was compared with a result, and dropped. */
export const attemptEnds = ['done', 'failed', 'interrupted', 'verified'] as const;

/** Records how an attempt ended. */
export function endAttempt(
  store: Store,
  { run, instance, attempt }: Pick<Attempt, 'run' | 'instance' | 'attempt'>,
  ended: (typeof attemptEnds)[number],
): void {
  unlessDiskFails(() =>
    store
      .sql('UPDATE attempts SET ended = ? WHERE run = ? AND instance = ? AND attempt = ?')
      .run(ended, run, instance, attempt),
  );
}

/**
 * How the last attempt with a key ended, if there is no entry for the key. An attempt without an end was
 * killed with its runner.
 */
export function pastOf(store: Store, key: Key): Past {
  const row = rowOf(
    store
      .sql(
        `SELECT coalesce(ended, 'interrupted') AS ended FROM attempts JOIN runs USING (run)
          WHERE key = ?
          ORDER BY runs.rowid DESC, attempt DESC LIMIT 1`,
      )
      .get(key),
  );
  switch (row?.text('ended')) {
    case 'failed':
      return 'failed';
    case 'interrupted':
      return 'interrupted';
    default:
      return wasFinished(store, key) ? 'evicted' : 'never';
  }
}

/**
 * The output files of an instance in a run, one for each attempt: the first is of attempt 1, since an attempt
 * that could not be started is not retried.
 */
export const outputsOf = (
  store: Store,
  pipeline: string,
  instance: InstanceId,
  run: string,
): readonly string[] =>
  rowsOf(
    store
      .sql('SELECT output FROM attempts WHERE pipeline = ? AND instance = ? AND run = ? ORDER BY attempt')
      .all(pipeline, instance, run),
  ).map((row) => row.text('output'));

/** Whether an attempt of an instance has begun and not ended: it runs, or its run was killed. */
export const isRunning = (store: Store, pipeline: string, instance: InstanceId): boolean =>
  store
    .sql(
      `SELECT 1 FROM attempts
        WHERE pipeline = ? AND instance = ? AND ended IS NULL
          AND run = (SELECT run FROM runs ORDER BY rowid DESC LIMIT 1)
        LIMIT 1`,
    )
    .get(pipeline, instance) !== undefined;

/** Whether the job of an instance was left to a queue, and no run has seen its end. */
export const isSubmitted = (store: Store, pipeline: string, instance: InstanceId, local: string): boolean =>
  store
    .sql(
      `SELECT 1 FROM attempts
        WHERE pipeline = ? AND instance = ? AND ended IS NULL AND executor NOT IN ('', ?) LIMIT 1`,
    )
    .get(pipeline, instance, local) !== undefined;

/** The key that an instance last had a result under, cached or not. */
export const lastMadeKey = (store: Store, pipeline: string, instance: InstanceId): string | undefined =>
  rowOf(
    store
      .sql(
        `SELECT key FROM attempts JOIN runs USING (run)
          WHERE attempts.pipeline = ? AND instance = ? AND ended = 'done'
          ORDER BY runs.rowid DESC, attempt DESC LIMIT 1`,
      )
      .get(pipeline, instance),
  )?.text('key');

/**
 * The runs that tried to make a result under a key, in order, each with the name that the instance had then;
 * the last one made it.
 */
export const producersOf = (
  store: Store,
  key: Key,
): readonly { readonly run: string; readonly instance: string }[] => {
  const rows = rowsOf(
    store
      .sql(
        `SELECT run, instance, ended FROM attempts JOIN runs USING (run)
          WHERE key = ? AND ended IS NOT 'verified'
          ORDER BY runs.rowid, attempt`,
      )
      .all(key),
  );
  const last = rows.findLastIndex((row) => row.optionalText('ended') === 'done');
  const producers = rows
    .slice(0, last + 1)
    .map((row) => ({ run: row.text('run'), instance: row.text('instance') }));
  return producers.filter(({ run, instance }, index) => {
    const next = producers[index + 1];
    return next?.run !== run || next.instance !== instance;
  });
};

/** Every key that an instance was ever computed under. */
export const keysOfInstance = (store: Store, pipeline: string, instance: string): readonly string[] =>
  rowsOf(
    store
      .sql('SELECT DISTINCT key FROM attempts WHERE pipeline = ? AND instance = ?')
      .all(pipeline, instance),
  ).map((row) => row.text('key'));

/** An instance that had a result under a key; `isLast`: its last one. */
export interface Maker {
  readonly pipeline: string;
  readonly instance: string;
  readonly key: string;
  readonly isLast: boolean;
}

/** Every instance with every key that it had a result under, its last one first. */
export const allProducers = (store: Store): readonly Maker[] =>
  rowsOf(
    store
      .sql(
        `SELECT pipeline, instance, key, max(is_last) AS is_last
          FROM (
            SELECT pipeline, instance, key, 1 AS is_last FROM results
            UNION ALL
            SELECT pipeline, instance, key, 0 FROM attempts WHERE ended = 'done'
          )
          GROUP BY pipeline, instance, key
          ORDER BY is_last DESC, pipeline, instance`,
      )
      .all(),
  ).map((row) => ({
    pipeline: row.text('pipeline'),
    instance: row.text('instance'),
    key: row.text('key'),
    isLast: row.number('is_last') === 1,
  }));

/** The instance for which a key was last computed; null: it was not computed here. */
export function instanceOfKey(store: Store, key: Key): string | null {
  const row = rowOf(
    store.sql('SELECT instance FROM attempts WHERE key = ? ORDER BY run DESC, attempt DESC LIMIT 1').get(key),
  );
  return row?.text('instance') ?? null;
}
