/**
 * The store's tables. A version of the schema that this program does not know is refused, never guessed at;
 * an older one is brought up by `migrations[version]`, each in one transaction.
 */
export const migrations: readonly string[] = [
  `
  -- One invocation of "pipeline run". finished_at stays null if it was killed; reaped: what it left behind
  -- was cleaned up.
  CREATE TABLE runs (
    run TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    file TEXT NOT NULL,
    pid INTEGER NOT NULL,
    pid_started TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    exit_code INTEGER,
    counts TEXT,
    reaped INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- Everything that happened, as it happened; what stages print is in files.
  CREATE TABLE events (
    run TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    instance TEXT,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX events_of_instance ON events (instance, run, sequence);

  -- Each start of a stage's program. "ended" is null while it runs, and after the runner was killed.
  CREATE TABLE attempts (
    run TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    instance TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    key TEXT NOT NULL,
    output TEXT NOT NULL,
    ended TEXT,
    PRIMARY KEY (run, instance, attempt)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attempts_of_key ON attempts (key, run, attempt);

  -- Process groups that were started and not yet seen to be gone.
  CREATE TABLE process_groups (
    leader INTEGER PRIMARY KEY,
    leader_started TEXT NOT NULL
  ) STRICT;

  -- Finished results. A row is written after its objects, and deleted before them.
  CREATE TABLE entries (
    key TEXT PRIMARY KEY,
    manifest TEXT NOT NULL,
    outs TEXT NOT NULL,
    run TEXT NOT NULL,
    seconds REAL NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- The last finished result of each instance, for "explain"; kept when its entry is collected.
  CREATE TABLE results (
    pipeline TEXT NOT NULL,
    instance TEXT NOT NULL,
    key TEXT NOT NULL,
    manifest TEXT NOT NULL,
    run TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (pipeline, instance)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX results_of_key ON results (key);

  -- How each instance ended when it was last asked for.
  CREATE TABLE outcomes (
    pipeline TEXT NOT NULL,
    instance TEXT NOT NULL,
    run TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (pipeline, instance)
  ) STRICT, WITHOUT ROWID;

  -- Outs that the runner put into the project: what it may remove again.
  CREATE TABLE placements (
    path TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    instance TEXT NOT NULL,
    form TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX placements_of_instance ON placements (pipeline, instance);

  -- Digests of files, with the stamp they had; written only for files that were old enough for their stamp.
  CREATE TABLE stats (
    path TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What the bundle of a stage program was made from, by the program's path.
  CREATE TABLE bundles (
    path TEXT PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What a bundle says of itself: params, deps, outs, packages.
  CREATE TABLE programs (
    digest TEXT PRIMARY KEY,
    description TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Facts that were found to hold, by the digest of all they depend on.
  CREATE TABLE checked (
    pipeline TEXT PRIMARY KEY,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Who writes, for the message to others; the lock itself is a lock of the operating system.
  CREATE TABLE holder (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    pid INTEGER NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- What folders held that results were made from, for "explain" to name the file that changed.
  CREATE TABLE listings (
    digest TEXT PRIMARY KEY,
    text BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The plan that a pipeline file last gave, with what it was made from.
  CREATE TABLE plans (
    file TEXT PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- What a run with nothing to do read, by its request. The record is valid until a row that such a run reads
  -- is inserted or deleted; a replaced row is an insertion. In "stats" only deletions count: a new reading
  -- of a file cannot make the record wrong.
  CREATE TABLE idle (
    request TEXT PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  ${idleUntil('entries', ['INSERT', 'DELETE'])}
  ${idleUntil('results', ['INSERT', 'DELETE'])}
  ${idleUntil('outcomes', ['INSERT', 'DELETE'])}
  ${idleUntil('placements', ['INSERT', 'DELETE'])}
  ${idleUntil('bundles', ['INSERT', 'DELETE'])}
  ${idleUntil('programs', ['INSERT', 'DELETE'])}
  ${idleUntil('stats', ['DELETE'])}
  `,
  `
  -- All events of a run are kept, including kinds that an older program does not know; the state of an
  -- instance with nothing to do has one name everywhere. The index finds the key that an instance had in an
  -- earlier run.
  CREATE INDEX endings ON events (instance, run) WHERE kind = 'finished';
  UPDATE outcomes SET kind = 'up-to-date' WHERE kind = 'cached';
  UPDATE runs
    SET counts = json_set(json_remove(counts, '$.cached'), '$."up-to-date"', json_extract(counts, '$.cached'))
    WHERE json_valid(counts) AND json_extract(counts, '$.cached') IS NOT NULL;
  `,
  `
  -- Files that were not there when an attempt of a stage began that names them in its command: what it wrote.
  CREATE TABLE products (
    stage TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (stage, path)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The executor of an attempt, and how it finds the job: the nonce is written before the job is submitted,
  -- the handle afterwards. Attempts of earlier versions have neither.
  ALTER TABLE attempts ADD COLUMN executor TEXT NOT NULL DEFAULT '';
  ALTER TABLE attempts ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
  ALTER TABLE attempts ADD COLUMN handle TEXT;
  `,
  `
  -- The project that wrote here last: a cache that a link leads to may be another's.
  CREATE TABLE cache_owner (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    root TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- adopted: existing files were taken as the result, no run computed them.
  ALTER TABLE entries ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;

  -- Files at the path of an out that no run wrote: moved aside while an attempt with this key runs.
  CREATE TABLE found_outs (
    path TEXT PRIMARY KEY,
    key TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- origin: who made a result that came from the shared cache, as JSON; null: it was made here.
  ALTER TABLE entries ADD COLUMN origin TEXT;
  `,
  `
  -- What the nodes of a queue are, by how they are asked for: it is in the keys of what runs there.
  CREATE TABLE platforms (
    nodes TEXT PRIMARY KEY,
    platform TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  ${idleUntil('platforms', ['INSERT', 'DELETE'])}
  `,
  `
  -- started_from: the commit, who started it and where, as JSON; null: not known, as of earlier versions.
  ALTER TABLE runs ADD COLUMN started_from TEXT;
  `,
  `
  -- Two pipelines of a project may have a stage of one name.
  ALTER TABLE products RENAME TO products_of_any;
  CREATE TABLE products (
    pipeline TEXT NOT NULL,
    stage TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (pipeline, stage, path)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO products
    SELECT pipeline, stage, path FROM products_of_any, (SELECT DISTINCT pipeline FROM runs);
  DROP TABLE products_of_any;
  `,
  `
  -- The machine that an attempt ran on, as far as it is known, and the model of its CPUs.
  ALTER TABLE attempts ADD COLUMN host TEXT;
  ALTER TABLE attempts ADD COLUMN cpu TEXT;
  `,
  `
  -- What the processes of an attempt took: seconds of CPU time and bytes; null: not known.
  ALTER TABLE attempts ADD COLUMN cpu_seconds REAL;
  ALTER TABLE attempts ADD COLUMN peak_memory INTEGER;
  `,
  `
  -- The last day (days since 1970, UTC) on which a run used a result: gc deletes the oldest first.
  CREATE TABLE uses (
    key TEXT PRIMARY KEY,
    day INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- dropped: temp outs whose bytes were dropped, as a JSON list of their names; null: none. It is written
  -- before the bytes go. Programs that "verify --rerun" found to make the same outs again, by the key of a
  -- result without its params and deps.
  ALTER TABLE entries ADD COLUMN dropped TEXT;
  CREATE TABLE reproduced (
    program TEXT PRIMARY KEY,
    key TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  ${idleUntil('reproduced', ['INSERT', 'DELETE'])}
  `,
];

export const schemaVersion = migrations.length;

function idleUntil(table: string, changes: readonly string[]): string {
  return changes
    .map(
      (change) =>
        `CREATE TRIGGER idle_until_${table}_${change.toLowerCase()} AFTER ${change} ON ${table}
          BEGIN DELETE FROM idle; END;`,
    )
    .join('\n  ');
}
