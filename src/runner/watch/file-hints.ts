import { relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { isPartialName } from '../../files/write-atomically.ts';

/** Tells that something may have changed; what did is decided by content. */
export interface FileHints {
  /** Resolves at the next hint, or at once if one came since the last call. A burst of events is one hint. */
  next(signal: AbortSignal): Promise<void>;
  /** Which places are watched besides the project's own. */
  also(places: readonly string[]): void;
  close(): Promise<void>;
}

/**
 * Watches a project. Results, the cache and packages give no hints, but for the places that are named.
 * Watching can miss things (a queue that overflows, a network drive, no more watches to give), so who waits
 * gets a hint without a reason now and then. `onFault` is told once that it misses some.
 */
export function fileHints(root: string, onFault: (message: string) => void): FileHints {
  let others: readonly string[] = [];
  let hinted = false;
  let tell: (() => void) | undefined;
  let quiet: NodeJS.Timeout | undefined;
  let since: number | undefined;
  let broken = false;
  let faulty = false;
  let told = performance.now();
  let watcher = start();

  function start() {
    const started = watch([root, ...others], {
      ignoreInitial: true,
      ignored: (path) => isLeftOut(root, path) && !others.some((other) => isWithin(path, other)),
    });
    started.on('all', (event, path) => {
      // What is removed and made again is not watched any more, and what a new folder holds not yet.
      if (event === 'unlinkDir' || event === 'addDir' || (event === 'unlink' && others.includes(path)))
        broken = true;
      hintSoon();
    });
    // What happened until it watches is not told by it.
    started.on('ready', hintSoon);
    started.on('error', (error) => {
      if (!faulty) onFault(error instanceof Error ? error.message : String(error));
      faulty = true;
    });
    return started;
  }
  /** When it has been quiet for a moment, or has not been quiet for long. */
  function hintSoon(): void {
    clearTimeout(quiet);
    since ??= performance.now();
    quiet = setTimeout(
      () => {
        since = undefined;
        if (broken) renew();
        hinted = true;
        tell?.();
      },
      Math.min(quietMilliseconds, Math.max(0, since + longestMilliseconds - performance.now())),
    );
  }
  function renew(): void {
    broken = false;
    void watcher.close();
    watcher = start();
  }

  return {
    async next(signal) {
      const giveUp = (): void => tell?.();
      signal.addEventListener('abort', giveUp);
      // The longer it takes to look, the more seldom it is done without a reason.
      const looking = setTimeout(
        hintSoon,
        Math.min(longestLook, Math.max(lookMilliseconds, lookShare * (performance.now() - told))),
      );
      if (!hinted && !signal.aborted)
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      clearTimeout(looking);
      signal.removeEventListener('abort', giveUp);
      tell = undefined;
      hinted = false;
      told = performance.now();
    },
    also(places) {
      const wanted = places.filter((place) => isLeftOut(root, place) || !isWithin(place, root)).sort();
      if (wanted.join('\0') === others.join('\0')) return;
      others = wanted;
      renew();
    },
    async close() {
      clearTimeout(quiet);
      await watcher.close();
    },
  };
}

/** Long enough for an editor that writes aside and renames, or a copy of many files, to come to its end. */
const quietMilliseconds = 100;
const longestMilliseconds = 1000;
const lookMilliseconds = 10_000;
const lookShare = 20;
const longestLook = 60_000;

/** Results, the cache, and what other tools keep; and files that are not finished yet. */
export function isLeftOut(root: string, path: string): boolean {
  const [first = '', ...rest] = relative(root, path).split(sep);
  return (
    ['artifacts', 'cache', 'node_modules', '.git'].includes(first) ||
    rest.includes('node_modules') ||
    [first, ...rest].some(isPartialName)
  );
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);
