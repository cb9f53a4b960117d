import { jsonText } from '../../files/json-text.ts';
import type { Event, FoundInPlaceEvent, NumberedEvent, RecordedEvent } from '../event.ts';
import type { InstanceId, RunId } from '../identity.ts';
import { type Store, unlessDiskFails } from './database/open-store.ts';
import { parseEvent } from './parse-event.ts';
import { type Row, rowOf, rowsOf } from './database/row.ts';

/**
 * Writes the events of a run into the store as they happen, with sequence numbers from 0 on. Frequent events,
 * and those at the start of a run that may have nothing to do, are batched for a moment so that not each
 * costs a commit; an event that reports an end is written at once.
 */
interface EventLog {
  add(event: Event): void;
  flush(): void;
}

/** Numbers the events of a run from 0. A disk that fails loses events, not the run. */
export function eventLog(store: Store, run: RunId): EventLog {
  let waiting: Event[] = [];
  let sequence = 0;
  let timer: NodeJS.Timeout | undefined;
  let all: readonly InstanceId[] = [];

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const events = waiting;
    waiting = [];
    if (events.length === 0) return;
    const insert = store.sql(
      'INSERT INTO events (run, sequence, instance, kind, body) VALUES (?, ?, ?, ?, ?)',
    );
    const write = store.database.transaction(() => {
      for (const event of events) {
        const instance = 'instance' in event ? event.instance : null;
        insert.run(run, sequence++, instance, event.kind, jsonText(recorded(event, all)));
      }
    });
    unlessDiskFails(write);
  }

  return {
    add(event) {
      if (event.kind === 'run-started') all = event.instances;
      const before = waiting.at(-1);
      if (event.kind === 'fetching' && before?.kind === 'fetching' && before.model === event.model)
        waiting.pop();
      waiting.push(event);
      if (gathered.has(event.kind)) timer ??= setTimeout(flush, gatherMilliseconds);
      else flush();
    },
    flush,
  };
}

const gathered: ReadonlySet<Event['kind']> = new Set([
  'fetching',
  'message',
  'output',
  'run-started',
  'found-in-place',
]);
const gatherMilliseconds = 100;

/**
 * In a run with nothing to do, `instances` of `found-in-place` would repeat the whole list of `run-started`.
 */
type StoredEvent =
  | Exclude<RecordedEvent, { readonly kind: 'found-in-place' }>
  | (Omit<FoundInPlaceEvent, 'keys' | 'instances'> & { readonly instances: readonly InstanceId[] | 'all' });

function recorded(event: Event, all: readonly InstanceId[]): StoredEvent {
  if (event.kind === 'output') {
    const { text: _, ...place } = event;
    return place;
  }
  if (event.kind !== 'found-in-place') return event;
  const { kind, at, instances } = event;
  const isAll = instances.length === all.length && instances.every((id, index) => id === all[index]);
  return { kind, at, instances: isAll ? 'all' : instances };
}

/** The events of a run from a sequence number on, in order. */
export function eventsSince(store: Store, run: string, sequence: number): readonly NumberedEvent[] {
  const found = rowsOf(
    store
      .sql('SELECT sequence, body FROM events WHERE run = ? AND sequence >= ? ORDER BY sequence')
      .all(run, sequence),
  );
  return found.flatMap((row) => {
    const event = eventIn(row, store, run);
    return event === undefined ? [] : [{ sequence: row.number('sequence'), event }];
  });
}

/** The instances of a run that turned out to be up to date before anything was started. */
export const foundInPlace = (store: Store, run: string): readonly InstanceId[] =>
  rowsOf(
    store.sql("SELECT body FROM events WHERE run = ? AND kind = 'found-in-place' ORDER BY sequence").all(run),
  ).flatMap((row) => {
    const event = eventIn(row, store, run);
    return event?.kind === 'found-in-place' ? event.instances : [];
  });

function eventIn(row: Row, store: Store, run: string): RecordedEvent | undefined {
  const event = parseEvent<StoredEvent>(row.text('body'));
  if (event?.kind !== 'found-in-place') return event;
  return { ...event, instances: event.instances === 'all' ? allOf(store, run) : event.instances };
}

function allOf(store: Store, run: string): readonly InstanceId[] {
  const row = rowOf(
    store.sql("SELECT body FROM events WHERE run = ? AND kind = 'run-started' LIMIT 1").get(run),
  );
  const started = row && parseEvent<Extract<Event, { readonly kind: 'run-started' }>>(row.text('body'));
  return started?.instances ?? [];
}
