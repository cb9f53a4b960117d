import { setImmediate } from 'node:timers/promises';

/** Enough to keep a disk busy while other files are hashed; few enough for any limit on open files. */
const atOnce = 16;

/** Small files are copied without waiting: after this time, what Ctrl-C calls gets its turn. */
const turnMilliseconds = 50;

/**
 * Calls `act` for each item, several at once, until one call throws or returns false. No call is still
 * running when this returns or throws. Returns whether every call returned true.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  act: (item: T) => Promise<boolean>,
): Promise<boolean> {
  const queue = items[Symbol.iterator]();
  let goesOn = true;
  let lastTurn = performance.now();
  async function work(): Promise<void> {
    while (goesOn) {
      const next = queue.next();
      if (next.done === true) return;
      try {
        if (performance.now() - lastTurn > turnMilliseconds) {
          await setImmediate();
          lastTurn = performance.now();
        }
        if (!(await act(next.value))) goesOn = false;
      } catch (error) {
        goesOn = false;
        throw error;
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return goesOn;
}
