import type { LiveEvent } from '../api.ts';
import { type Answered, useAnswer } from './use-answer.ts';
import { useLive } from './use-live.ts';

/** An answer of the server, fetched again after events that change it. */
export function useLiveAnswer<T>(address: string, changes: (event: LiveEvent) => boolean): Answered<T> {
  const answered = useAnswer<T>(address);
  useLive((events) => {
    if (events.some(changes)) answered.again();
  });
  return answered;
}
