import type { Event } from '../event.ts';
import type { RunId } from '../identity.ts';
import { type Store, unlessDiskFails } from './open-store.ts';

/**
 * Writes the events of a run into the store as they happen. Those that come by the hundred a second are gathered for a
 * moment, so that a stage that talks does not cost a commit a message; what tells how something ended is written at once.
 */
export interface EventLog {
  add(event: Event): void;
  flush(): void;
}

export function eventLog(store: Store, run: RunId): EventLog {
  let waiting: Event[] = [];
  let sequence = 0;
  let timer: NodeJS.Timeout | undefined;

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
      for (const event of events)
        insert.run(
          run,
          sequence++,
          'instance' in event ? event.instance : null,
          event.kind,
          JSON.stringify(event),
        );
    });
    unlessDiskFails(write);
  }

  return {
    add(event) {
      // What a stage prints is in its file; a result that stands as it stood is no news.
      if (event.kind === 'output' || (event.kind === 'finished' && event.outcome.kind === 'cached')) return;
      waiting.push(event);
      if (event.kind === 'message') timer ??= setTimeout(flush, gatherMilliseconds);
      else flush();
    },
    flush,
  };
}

const gatherMilliseconds = 100;
