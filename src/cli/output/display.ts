import type { Event } from '../../runner/project.ts';
import { type AnnotatedFiles, eventAnnotations } from '../../runner/report/display/github.ts';
import { frame, progressLine } from '../../runner/report/display/live.ts';
import { plainLines } from '../../runner/report/display/plain.ts';
import { advance, emptyView } from '../../runner/report/display/run-view.ts';
import type { TypedPipeline } from '../../runner/wording/command-text.ts';
import { printEvery, redrawEvery } from './progress-line.ts';
import type { Screen } from './screen.ts';

export interface Display {
  readonly show: (event: Event) => void;
  /** Permanent text besides the events. `write`: where it goes, the screen by default. */
  readonly print: (text: string, write?: (text: string) => void) => void;
  readonly close: () => void;
}

/** Displays a run in progress: permanent lines, and on a terminal a frame below them that is redrawn. */
export function openDisplay(screen: Screen, files: AnnotatedFiles, typed: TypedPipeline): Display {
  let view = emptyView;
  let drawn = 0;
  const erase = () => {
    // The terminal echoes a key, as ^C, at the cursor: the line is erased from its start.
    if (drawn > 0) screen.write(`\r\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  const draw = () => {
    if (view.running.size === 0 && view.fetching === undefined) return;
    const lines = screen.live
      ? frame(view, screen.now(), screen.columns(), screen.colors, screen.rows())
      : [progressLine(view, screen.now(), screen.colors)];
    screen.write(`${lines.join('\n')}\n`);
    if (screen.live) drawn = lines.length;
  };
  const timer = setInterval(
    () => {
      erase();
      draw();
    },
    screen.live ? redrawEvery : printEvery,
  );
  timer.unref();
  return {
    show(event) {
      view = advance(view, event);
      const lines = [
        ...plainLines(event, screen.colors, files.textOf, typed),
        ...(screen.annotates ? eventAnnotations(event, files) : []),
      ];
      if (lines.length === 0) return;
      erase();
      screen.write(`${lines.join('\n')}\n`);
      if (screen.live) draw();
    },
    print(text, write = screen.write) {
      erase();
      write(text);
      if (screen.live) draw();
    },
    close() {
      clearInterval(timer);
      erase();
    },
  };
}
