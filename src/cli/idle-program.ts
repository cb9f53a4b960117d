import { Command } from 'commander';
import { builtFile } from '../runner/project/built-file.ts';
import { findProject, textNamed } from '../runner/project/find-project.ts';
import { runIfIdle } from '../runner/project/run-if-idle.ts';
import { annotatedFiles } from './output/annotated-files.ts';
import { lazyDisplay } from './output/lazy-display.ts';
import { reportFinished } from './output/report-finished.ts';
import { type RunOptions, requestOf, selectionOf, withRunOptions } from './options/run-options.ts';
import { openScreen } from './output/screen.ts';
import { ignoreHangup, stopSignals } from './stop-signals.ts';

/**
 * A small, fast-loading program that does `pipeline run` when a record shows that there is nothing to do.
 * Returns false when that is unknown: nothing was done or printed then, and the full command line has to take
 * over (see compiled-program.ts). `words`: the arguments after `run`.
 */
export async function ranIdle(words: readonly string[]): Promise<boolean> {
  const command = withRunOptions(new Command('run')).exitOverride().configureOutput(silent);
  command.parse([...words], { from: 'user' });
  const options = command.opts<RunOptions>();
  const selection = selectionOf(command.args, options);
  if (
    selection === undefined ||
    options.dryRun === true ||
    options.watch === true ||
    options.smoke === true ||
    options.events !== undefined
  )
    return false;
  ignoreHangup();
  const signals = stopSignals();
  const { file, set = [], executor } = options;
  const place = findProject(process.cwd(), file);
  const display = lazyDisplay(
    openScreen(),
    annotatedFiles(file, {
      textOf: (name) => (place.ok ? textNamed(place.value.root, set, name) : undefined),
    }),
    options,
  );
  const idle = await runIfIdle(
    builtFile(import.meta.url),
    { folder: process.cwd(), file, set, executor },
    requestOf(selection, options),
    display.show,
    signals,
  );
  signals.release();
  await display.close();
  if (idle === undefined) return false;
  await reportFinished(idle.root, idle.finished, options);
  return true;
}

/** The full command line reports faults of the arguments. */
const silent = { writeOut: () => undefined, writeErr: () => undefined };
