import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import type { Event, Outcome, RecordedEvent } from '../../src/runner/event.ts';
import type { InstanceId, Key, RunId } from '../../src/runner/identity.ts';
import { parseKey } from '../../src/runner/manifest/key-of.ts';
import { frame } from '../../src/runner/report/display/live.ts';
import { advance, emptyView, type LiveView } from '../../src/runner/report/display/run-view.ts';
import { eventLog, eventsSince } from '../../src/runner/store/event-log.ts';
import { openStore, type Store } from '../../src/runner/store/database/open-store.ts';
import { insertRun, outcomeCounts } from '../../src/runner/store/runs.ts';
import { noColors } from '../../src/runner/wording/colors.ts';
import type { StageMessage } from '../../src/stage/message.ts';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'events-'));
  const opened = openStore(join(folder, 'pipeline.sqlite'));
  if (!opened.ok) throw new Error(opened.error.message);
  store = opened.value;
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const found = parseKey(digestOf('a manifest'));
if (found === undefined) throw new Error('no key');
const key: Key = found;
// As a plan names them.
const names = ['train[a]', 'train[b]', 'eval[a]', 'report'].map((id) => id as InstanceId);

const instance = fc.constantFrom(...names);
const count = fc.nat(1000);
const seconds = fc.nat(10_000).map((value) => value / 10);
const message: fc.Arbitrary<StageMessage> = fc.oneof(
  fc.record({ kind: fc.constant('progress'), done: count, total: count, unit: fc.constant('step') }),
  fc.record({
    kind: fc.constant('metric'),
    step: count,
    values: fc.dictionary(
      fc.constantFrom('loss', 'rate'),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
    ),
  }),
  fc.record({ kind: fc.constant('log'), text: fc.string() }),
);
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('ran'), seconds, published: fc.boolean() }),
  fc.record({ kind: fc.constant('up-to-date') }),
  fc.record({ kind: fc.constant('restored'), files: count, bytes: count }),
  fc.record({ kind: fc.constant('interrupted'), seconds }),
  fc.record({ kind: fc.constant('blocked'), by: instance }),
  fc.record({
    kind: fc.constant('failed'),
    failure: fc.record({ kind: fc.constant('exit'), code: fc.integer({ min: 1, max: 255 }) }),
    seconds,
    tail: fc.array(fc.string()),
  }),
);

type WithoutTime<E> = E extends Event ? Omit<E, 'at'> : never;
const download: fc.Arbitrary<WithoutTime<Event>> = fc.oneof(
  fc.record({
    kind: fc.constant('fetching'),
    model: fc.constantFrom('hf:a/b@main', 'hf:c/d@main'),
    bytes: count,
    total: count,
    bytesPerSecond: fc.option(count),
    secondsLeft: fc.option(count),
  }),
  fc.record({ kind: fc.constant('fetched'), model: fc.constant('hf:a/b@main'), bytes: count }),
  fc.record({
    kind: fc.constant('fetch-delayed'),
    model: fc.constant('hf:a/b@main'),
    seconds: fc.option(count),
    because: fc.string(),
  }),
);
const happening: fc.Arbitrary<WithoutTime<Event>> = fc.oneof(
  fc.record({
    kind: fc.constant('started'),
    instance,
    key: fc.constant(key),
    because: fc.constant([{ kind: 'no-result' } as const]),
    attempt: fc.integer({ min: 1, max: 3 }),
    resumed: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('message'), instance, message }),
  fc.record({
    kind: fc.constant('output'),
    instance,
    text: fc.string(),
    file: fc.constant('cache/logs/r/1.txt'),
    start: count,
    end: count,
  }),
  fc.record({ kind: fc.constant('finished'), instance, key: fc.constant(key), outcome }),
  fc.record({ kind: fc.constant('interrupting'), hard: fc.boolean() }),
);

/** Downloads, the start, what was in place, and anything else, each a while after the one before. */
const run: fc.Arbitrary<readonly Event[]> = fc
  .record({
    downloads: fc.array(download, { maxLength: 6 }),
    jobs: fc.integer({ min: 1, max: 8 }),
    inPlace: fc.subarray(names),
    rest: fc.array(happening, { maxLength: 40 }),
    pauses: fc.array(fc.nat(5000), { minLength: 50, maxLength: 50 }),
  })
  .map(({ downloads, jobs, inPlace, rest, pauses }) => {
    let at = 1_700_000_000_000;
    const started = {
      kind: 'run-started',
      run: 'r' as RunId,
      pipeline: 'p',
      instances: names,
      jobs,
    } as const;
    const placed = { kind: 'found-in-place', instances: inPlace, keys: inPlace.map(() => key) } as const;
    const events: readonly WithoutTime<Event>[] = [
      ...downloads,
      started,
      ...(inPlace.length === 0 ? [] : [placed]),
      ...rest,
    ];
    return events.map((event, index) => ({ ...event, at: (at += pauses[index] ?? 0) }));
  });

interface Seen {
  readonly view: LiveView;
  readonly frame: readonly string[];
}

/** What the display shows after each event, its clock being the event's time. */
function folded(events: readonly RecordedEvent[]): readonly Seen[] {
  let view = emptyView;
  return events.map((event) => {
    view = advance(view, event);
    return { view, frame: frame(view, event.at, 80, noColors) };
  });
}

let runs = 0;
function recorded(events: readonly Event[]): RunId {
  const id = `run-${runs++}` as RunId; // as a run would name itself
  insertRun(store, { run: id, pipeline: 'p', file: 'p.yaml', pid: 1, pidStarted: '', startedAt: 0 });
  const log = eventLog(store, id);
  for (const event of events) log.add(event);
  log.flush();
  return id;
}

const isRepeated = (event: Event, next: Event | undefined): boolean =>
  event.kind === 'fetching' && next?.kind === 'fetching' && next.model === event.model;

test('folding the stored stream of a run gives what the live display showed, event by event', () => {
  fc.assert(
    fc.property(run, (events) => {
      const live = folded(events).filter((_, index) => {
        const event = events[index];
        return event !== undefined && !isRepeated(event, events[index + 1]);
      });
      const stored = eventsSince(store, recorded(events), 0);
      expect(folded(stored.map(({ event }) => event))).toEqual(live);
      expect(stored.map(({ sequence }) => sequence)).toEqual(stored.map((_, index) => index));
    }),
  );
});

test('a reader that continues from its next number gets each event once', () => {
  fc.assert(
    fc.property(run, fc.nat(20), (events, from) => {
      const id = recorded(events);
      const all = eventsSince(store, id, 0);
      expect(eventsSince(store, id, from)).toEqual(all.slice(from));
      expect(eventsSince(store, id, all.length)).toEqual([]);
    }),
  );
});

test('the output of a stage is stored as a position in its log file', () => {
  const output = { kind: 'output', at: 1, instance: 'a' as InstanceId, file: 'cache/logs/r/1.txt' } as const;
  const id = recorded([{ ...output, text: 'a secret\n', start: 7, end: 16 }]);
  expect(eventsSince(store, id, 0)).toEqual([{ sequence: 0, event: { ...output, start: 7, end: 16 } }]);
  expect(JSON.stringify(store.sql('SELECT * FROM events').all())).not.toContain('secret');
});

test('a killed run counts what it found in place', () => {
  const id = recorded([
    { kind: 'run-started', at: 0, run: 'r' as RunId, pipeline: 'p', instances: names, jobs: 1 },
    { kind: 'found-in-place', at: 1, instances: names.slice(0, 2), keys: [key, key] },
    {
      kind: 'finished',
      at: 2,
      instance: 'report' as InstanceId,
      key,
      outcome: { kind: 'ran', seconds: 1, published: true },
    },
  ]);
  expect(outcomeCounts(store, id)).toMatchObject({ 'up-to-date': 2, ran: 1, failed: 0 });
});
