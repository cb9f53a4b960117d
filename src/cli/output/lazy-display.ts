import type { Event } from '../../runner/project.ts';
import type { AnnotatedFiles } from '../../runner/report/display/github.ts';
import type { TypedPipeline } from '../../runner/wording/command-text.ts';
import type { Display } from './display.ts';
import type { Screen } from './screen.ts';

/** The display of one run, imported with the first event that it shows: a run with nothing to do has none. */
interface LazyDisplay {
  readonly show: (event: Event) => void;
  /** Resolves when everything is shown. */
  readonly close: () => Promise<void>;
}

/** Events that show nothing are kept until one does. */
export function lazyDisplay(screen: Screen, files: AnnotatedFiles, typed: TypedPipeline): LazyDisplay {
  const earlier: Event[] = [];
  let display: Display | undefined;
  let loading: Promise<void> | undefined;
  async function load(): Promise<void> {
    const { openDisplay } = await import('./display.ts');
    display = openDisplay(screen, files, typed);
    for (const event of earlier) display.show(event);
  }
  return {
    show(event) {
      if (display !== undefined) return display.show(event);
      earlier.push(event);
      if (shows(event)) loading ??= load();
    },
    async close() {
      await loading;
      display?.close();
    },
  };
}

const shows = (event: Event): boolean =>
  !silent.has(event.kind) || (event.kind === 'run-started' && event.awaited !== undefined);

const silent: ReadonlySet<Event['kind']> = new Set(['run-started', 'found-in-place', 'run-finished']);
