import type { Screen } from './screen.ts';

/** How far a command is, for people. */
interface ProgressLine {
  readonly show: (text: string) => void;
  /** Removes the line from a terminal. */
  readonly close: () => void;
}

/** One line that is redrawn on a terminal; elsewhere, a line every half a minute. */
export function openProgressLine(screen: Screen): ProgressLine {
  let last = screen.live ? -Infinity : screen.now();
  return {
    show(text) {
      const now = screen.now();
      if (now - last < (screen.live ? redrawEvery : printEvery)) return;
      last = now;
      screen.write(screen.live ? `\r${text.slice(0, screen.columns() - 1)}\u001b[K` : `${text}\n`);
    },
    close() {
      if (screen.live && last > -Infinity) screen.write('\r\u001b[K');
    },
  };
}

/** Milliseconds. */
export const redrawEvery = 120;
export const printEvery = 30_000;
