import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { lineSplitter } from './split-lines.ts';
import { longestLine } from './supervisor-protocol.ts';

/** The lines of a stage on their way to the runner. */
interface Forwarding {
  /**
   * Call after the stage has exited: resolves when all that it wrote is forwarded. Does not wait for other
   * processes that still hold the pipe; does wait for a runner that reads slowly.
   */
  finish(): Promise<void>;
}

/**
 * Hands on the lines of a stage's event descriptor; `tell` writes them to the runner. A flood waits in the
 * stage's pipe, not in our memory.
 */
export function forwardLines(
  stream: Readable,
  runner: Writable,
  onLine: (line: string | null) => void,
): Forwarding {
  const lines = lineSplitter(longestLine, onLine);
  stream.on('data', (chunk: Buffer) => {
    lines.push(chunk);
    if (!runner.writableNeedDrain) return;
    stream.pause();
    runner.once('drain', () => stream.resume());
  });
  const ended = new Promise<void>((resolve) => {
    stream.on('error', () => resolve());
    stream.on('close', () => {
      lines.end();
      resolve();
    });
  });
  return { finish: () => Promise.race([ended, flowing(stream, finishMilliseconds)]) };
}

/** Enough to read the whole capacity of a pipe. */
const finishMilliseconds = 1000;

/** Resolves when a stream has flowed for so long; the time that it is paused does not count. */
async function flowing(stream: Readable, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0;) {
    while (stream.isPaused()) await once(stream, 'resume');
    const since = performance.now();
    const paused = new AbortController();
    await Promise.race([
      new Promise((resolve) => {
        setTimeout(resolve, left);
      }),
      once(stream, 'pause', { signal: paused.signal }).catch(() => undefined),
    ]);
    paused.abort();
    left -= performance.now() - since;
  }
}
