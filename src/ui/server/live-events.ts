import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { jsonText } from '../../files/json-text.ts';
import type { NumberedEvent, Project } from '../../runner/project.ts';
import { outcomeText } from '../../runner/report/outcome-text.ts';
import { verificationText } from '../../runner/report/verification-text.ts';
import { reasonText } from '../../runner/report/reason-text.ts';
import type { LiveEvent } from '../api.ts';

/** Where a listener is in the stream of all runs: the event that it gets next. */
interface Cursor {
  readonly run: string;
  readonly sequence: number;
}

/**
 * Sends the events of the newest run as they are stored, and of each run that follows (server-sent events, as
 * https://html.spec.whatwg.org/multipage/server-sent-events.html defines them). A client that reconnects
 * sends the last event that it received as Last-Event-ID, and misses nothing. A new client gets the events
 * from `since` on, or from now on.
 */
export async function liveEvents(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  { openProject, stopped }: { readonly openProject: () => Promise<Project>; readonly stopped: AbortSignal },
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const signal = AbortSignal.any([stopped, gone.signal]);
  const lastId = request.headers['last-event-id'];
  let cursor = cursorAfter(typeof lastId === 'string' ? lastId : (query.get('since') ?? ''));
  response.write(': connected\n\n');
  for (let idle = 0; !signal.aborted; idle++) {
    const project = await openProject();
    const { sent, next } = await eventsFrom(project, cursor);
    project.close();
    cursor = next;
    for (const event of sent)
      response.write(`id: ${event.run}:${event.sequence}\ndata: ${jsonText(event)}\n\n`);
    if (sent.length > 0) idle = 0;
    // A comment lets both sides notice a closed connection.
    else if (idle % 50 === 49) response.write(': idle\n\n');
    await pause(pollMilliseconds, undefined, { signal, ref: false }).catch(() => undefined);
  }
  response.end();
}

const pollMilliseconds = 300;

/** "RUN:SEQUENCE" was the last that came. */
export function cursorAfter(id: string): Cursor | undefined {
  const [, run, sequence] = /^([\w-]+):(-?\d+)$/.exec(id) ?? [];
  return run === undefined ? undefined : { run, sequence: Number(sequence) + 1 };
}

/** What comes after a cursor: the rest of its run, then the newest run from its start. */
async function eventsFrom(
  project: Project,
  cursor: Cursor | undefined,
): Promise<{ readonly sent: readonly LiveEvent[]; readonly next: Cursor | undefined }> {
  const newest = await project.history(1);
  const run = newest.ok ? newest.value[0]?.run : undefined;
  if (run === undefined) return { sent: [], next: cursor ?? { run: '', sequence: 0 } };
  if (cursor === undefined) {
    const all = await project.eventsSince(run, 0);
    const last = all.ok ? all.value?.at(-1)?.sequence : undefined;
    return { sent: [], next: { run, sequence: (last ?? -1) + 1 } };
  }
  const rest = cursor.run === '' ? [] : await stored(project, cursor);
  const fresh = cursor.run === run ? [] : await stored(project, { run, sequence: 0 });
  const sent = [...rest.map(asUpdate(cursor.run)), ...fresh.map(asUpdate(run))];
  const last = sent.at(-1);
  const next = last === undefined ? undefined : { run: last.run, sequence: last.sequence + 1 };
  return { sent, next: next ?? (cursor.run === run ? cursor : { run, sequence: 0 }) };
}

async function stored(project: Project, { run, sequence }: Cursor): Promise<readonly NumberedEvent[]> {
  const found = await project.eventsSince(run, sequence);
  return found.ok ? (found.value ?? []) : [];
}

const asUpdate =
  (run: string) =>
  ({ sequence, event }: NumberedEvent): LiveEvent => {
    switch (event.kind) {
      case 'started':
        return { run, sequence, event, text: event.because.map(reasonText) };
      case 'finished':
        return { run, sequence, event, text: [outcomeText(event.outcome)] };
      case 'verified':
        return { run, sequence, event, text: [verificationText(event.outcome)] };
      default:
        return { run, sequence, event };
    }
  };
