import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveEvent } from '../api.ts';
import { port } from './port/data-port.ts';

type Listener = (events: readonly LiveEvent[]) => void;

/** One connection for the whole page; the browser makes another when it is lost, from the last event on. */
const listeners = new Set<Listener>();
const stateListeners = new Set<(isConnected: boolean) => void>();
let source: EventSource | undefined;
let waiting: LiveEvent[] = [];

function connect(): void {
  if (source !== undefined || !port.isLive) return;
  source = new EventSource('/api/events');
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const event: LiveEvent = JSON.parse(data);
    if (waiting.length === 0) setTimeout(deliver, deliverEvery);
    waiting.push(event);
  });
  source.addEventListener('open', () => publishState(true));
  source.addEventListener('error', () => publishState(false));
}

/** Events come by the hundred: the page is drawn a few times a second. */
const deliverEvery = 150;

function deliver(): void {
  const events = waiting;
  waiting = [];
  for (const listener of listeners) listener(events);
}

function publishState(isConnected: boolean): void {
  for (const listener of stateListeners) listener(isConnected);
}

/** Calls the last `onEvents` that was given for events as they come. */
export function useLive(onEvents: Listener): void {
  const latest = useRef(onEvents);
  latest.current = onEvents;
  useEffect(() => {
    const listener: Listener = (events) => latest.current(events);
    listeners.add(listener);
    connect();
    return () => {
      listeners.delete(listener);
    };
  }, []);
}

/** Whether events can come. */
export function useIsConnected(): boolean {
  const [isConnected, setIsConnected] = useState(true);
  useEffect(() => {
    stateListeners.add(setIsConnected);
    return () => {
      stateListeners.delete(setIsConnected);
    };
  }, []);
  return isConnected;
}

/** Whether an event begins a run. */
export const startsRun = ({ event }: LiveEvent): boolean => event.kind === 'run-started';

/** Whether an event ends a run. */
export const endsRun = ({ event }: LiveEvent): boolean => event.kind === 'run-finished';

/** Events that change the states of instances. */
export const changesStates = (live: LiveEvent): boolean =>
  live.event.kind === 'started' || live.event.kind === 'finished' || startsRun(live) || endsRun(live);
