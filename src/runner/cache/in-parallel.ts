/** Enough to keep a disk busy while other files are hashed; few enough for any limit on open files. */
const atOnce = 16;

/**
 * Calls `act` for each item, several at once, until one call throws or gives false. Whatever happens, no call
 * is still running when this ends. Gives whether every call gave true.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  act: (item: T) => Promise<boolean>,
): Promise<boolean> {
  const queue = items[Symbol.iterator]();
  let goesOn = true;
  async function work(): Promise<void> {
    while (goesOn) {
      const next = queue.next();
      if (next.done === true) return;
      try {
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
