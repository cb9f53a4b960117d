import type { FinishedRun } from '../../runner/project.ts';
import { printJson } from './print-json.ts';
import { resultsText } from './texts/results-text.ts';
import type { RunOptions } from '../options/run-options.ts';
import { openScreen } from './screen.ts';
import { smokeText } from './texts/smoke-text.ts';
import { summaryJson } from './summary-json.ts';
import { sharedCacheLine } from './shared-cache-line.ts';
import { summaryText, type TypedRun } from './texts/summary-text.ts';

/** Prints how a run ended and its results, and sets the exit code. `root`: of the project. */
export async function reportFinished(
  root: string,
  finished: FinishedRun,
  options: RunOptions & TypedRun,
): Promise<void> {
  const screen = openScreen();
  const { smoke } = finished;
  screen.write(
    smoke === undefined
      ? summaryText(finished, options, screen.colors) + sharedCacheLine(finished, options)
      : smokeText(finished, smoke, options, screen.colors),
  );
  if (options.json === true) printJson({ ...summaryJson(finished), ...(smoke && { smoke }) });
  // Scores of a smoke run are meaningless.
  else if (finished.exitCode === 0 && smoke === undefined)
    process.stdout.write(await resultsText(root, finished.results));
  process.exitCode = finished.exitCode;
}
