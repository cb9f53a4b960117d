import { relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { isPartialName } from '../../files/write-atomically.ts';
import { removedOuts } from './removed-outs.ts';

/** Reports that something may have changed; whether it did is decided by content. */
export interface FileHints {
  /** Resolves at the next hint, or at once if one came since the last call. A burst of events is one hint. */
  next(signal: AbortSignal): Promise<void>;
  /** Sets which places outside the project are watched too, and the outs whose removal is a hint. */
  watchAlso(places: readonly string[], outs: readonly string[]): void;
  close(): Promise<void>;
}

/**
 * Watches a project. The cache, packages and files that a run writes give no hints, except for the named
 * places. Watching can miss changes (a queue that overflows, a network drive, no more watches), so hints
 * without a reason are sent at intervals too. `onFault` is called once when some are missed.
 */
export function fileHints(root: string, onFault: (message: string) => void): FileHints {
  let others: readonly string[] = [];
  let isHintPending = false;
  let notify: (() => void) | undefined;
  let hintTimer: NodeJS.Timeout | undefined;
  let burstStart: number | undefined;
  let needsRenewal = false;
  let hasReportedFault = false;
  let lastHint = performance.now();
  let watcher = start();
  const removed = removedOuts(root, hintSoon, reportFault);

  function start() {
    const started = watch([root, ...others], {
      ignoreInitial: true,
      ignored: (path) => isLeftOut(root, path) && !others.some((other) => isWithin(path, other)),
    });
    started.on('all', (event, path) => {
      // A path that is removed and created again is no longer watched, and a new folder's content not yet.
      if (event === 'unlinkDir' || event === 'addDir' || (event === 'unlink' && others.includes(path)))
        needsRenewal = true;
      hintSoon();
    });
    // Changes before it was ready are not reported.
    started.on('ready', hintSoon);
    started.on('error', reportFault);
    return started;
  }
  function reportFault(error: unknown): void {
    if (!hasReportedFault) onFault(error instanceof Error ? error.message : String(error));
    hasReportedFault = true;
  }
  /** After a short quiet period, or at the latest after a second of constant changes. */
  function hintSoon(): void {
    clearTimeout(hintTimer);
    burstStart ??= performance.now();
    hintTimer = setTimeout(
      () => {
        burstStart = undefined;
        if (needsRenewal) renew();
        isHintPending = true;
        notify?.();
      },
      Math.min(quietMilliseconds, Math.max(0, burstStart + longestMilliseconds - performance.now())),
    );
  }
  function renew(): void {
    needsRenewal = false;
    void watcher.close();
    watcher = start();
  }

  return {
    async next(signal) {
      const giveUp = (): void => notify?.();
      signal.addEventListener('abort', giveUp);
      // The longer a poll takes, the rarer it is without a hint.
      const nextPoll = setTimeout(
        hintSoon,
        Math.min(
          longestPollMilliseconds,
          Math.max(shortestPollMilliseconds, pollShare * (performance.now() - lastHint)),
        ),
      );
      if (!isHintPending && !signal.aborted)
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      clearTimeout(nextPoll);
      signal.removeEventListener('abort', giveUp);
      notify = undefined;
      isHintPending = false;
      lastHint = performance.now();
    },
    watchAlso(places, outs) {
      removed.watch(outs);
      const wanted = places.filter((place) => isLeftOut(root, place) || !isWithin(place, root)).sort();
      if (wanted.join('\0') === others.join('\0')) return;
      others = wanted;
      renew();
    },
    async close() {
      clearTimeout(hintTimer);
      removed.close();
      await watcher.close();
    },
  };
}

/** Long enough for an editor that writes aside and renames, or a copy of many files, to come to its end. */
const quietMilliseconds = 100;
const longestMilliseconds = 1000;
const shortestPollMilliseconds = 10_000;
const pollShare = 20;
const longestPollMilliseconds = 60_000;

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
