import { Command } from 'commander';
import { fileProblemText } from '../../files/file-problem.ts';
import type { Event, Forecast, Project, RunRequest, RunSummary } from '../../runner/project.ts';
import { durationText } from '../../runner/wording/duration-text.ts';
import { annotatedFiles } from '../output/annotated-files.ts';
import { type EventFile, openEventFile } from '../event-file.ts';
import { forecastText } from '../output/texts/forecast-text.ts';
import { lazyDisplay } from '../output/lazy-display.ts';
import { openProjectHere } from '../options/project-options.ts';
import { reportFinished } from '../output/report-finished.ts';
import { type RunOptions, requestOf, selectionOf, withRunOptions } from '../options/run-options.ts';
import { summaryJson } from '../output/summary-json.ts';
import { busyText, problemText, reportProblem } from '../output/report-problem.ts';
import { jsonLine, printJson } from '../output/print-json.ts';
import { resultsText } from '../output/texts/results-text.ts';
import { noTracking, runTracking } from '../run-tracking.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';
import { ignoreHangup, stopSignals } from '../stop-signals.ts';
import { sharedCacheLine } from '../output/shared-cache-line.ts';
import { summaryText } from '../output/texts/summary-text.ts';

/** `pipeline run`. */
export function runCommand(): Command {
  return withRunOptions(new Command('run')).action(async (names: readonly string[], options: RunOptions) => {
    ignoreHangup();
    const screen = openScreen();
    const selection = selectionOf(names, options);
    if (selection === undefined)
      return refuse(
        '--only, --from and --until exclude each other; --only needs names, the other two take no names',
        2,
      );
    const contradiction =
      existingOutsFault(names, options) ??
      (options.smoke === true ? notWithSmoke(options) : undefined) ??
      (options.watch === true ? notWithWatch(options) : undefined) ??
      (options.remote === true && options.dryRun !== true
        ? '--remote needs --dry-run: a run always uses the shared cache'
        : undefined);
    if (contradiction !== undefined) return refuse(contradiction, 2);
    const eventFile = openEventFile(options.events, (problem) =>
      screen.write(`warning: stopped writing events: ${fileProblemText(problem)}\n`),
    );
    if (!eventFile.ok) return refuse(fileProblemText(eventFile.error), 2);
    // A run tells warnings itself, as events.
    const project = await openProjectHere(options, options.dryRun === true ? undefined : () => undefined);
    try {
      const request = requestOf(selection, options);
      if (options.dryRun === true) await dryRun(project, request, options);
      else await (options.watch === true ? watch : run)(project, request, options, eventFile.value);
    } finally {
      project.close();
      eventFile.value.close();
    }
  });
}

async function dryRun(project: Project, request: RunRequest, options: RunOptions): Promise<void> {
  const forecast = await project.dryRun(request);
  if (!forecast.ok) return reportProblem(forecast.error, options, { ending: ': nothing would be run' });
  const screen = openScreen();
  screen.write(forecastText(forecast.value, screen.colors));
  if (options.json === true) printJson(forecastJson(forecast.value));
}

async function run(
  project: Project,
  request: RunRequest,
  options: RunOptions,
  eventFile: EventFile,
): Promise<void> {
  const screen = openScreen();
  const display = lazyDisplay(screen, annotatedFiles(options.file, project), options);
  const signals = stopSignals();
  // A tracker would take what a smoke run measures for results.
  const tracking = options.smoke === true ? noTracking : runTracking(project);
  const summary = await project.run(
    request,
    (event: Event) => {
      display.show(event);
      tracking.take(event);
      eventFile.write(event);
    },
    signals,
  );
  signals.release();
  await display.close();
  if (summary.ok) await tracking.finish(trackedRun(summary.value));
  if (!summary.ok)
    return reportProblem(summary.error, options, {
      ending: ': nothing was run',
      whenBusy: waitingText(options),
    });
  await reportFinished(project.root, summary.value, { ...options, selection: request });
}

/** For a stopped run, trackers keep what was sent: the run does not wait for them. */
const trackedRun = ({ run: name, exitCode }: RunSummary): string | undefined =>
  exitCode >= 130 ? undefined : name;

/** Runs until Ctrl-C: prints the runs, and faults to be fixed. */
async function watch(
  project: Project,
  request: RunRequest,
  options: RunOptions,
  eventFile: EventFile,
): Promise<void> {
  const screen = openScreen();
  const files = annotatedFiles(options.file, project);
  const { openDisplay } = await import('../output/display.ts');
  let display = openDisplay(screen, files, options);
  const signals = stopSignals();
  // Output between runs, in order: results have to be read first.
  let printed: Promise<void> = Promise.resolve();
  const show = (find: () => Promise<string> | string, write = screen.write): void => {
    printed = printed.then(async () => display.print(await find(), write));
  };
  const tracking = runTracking(project);
  const watched = await project.watch(
    request,
    {
      onEvent(event) {
        tracking.take(event);
        display.show(event);
        eventFile.write(event);
      },
      onUpdate(update) {
        switch (update.kind) {
          case 'ended':
            printed = printed.then(() => tracking.finish(trackedRun(update.summary)));
            display.close();
            display = openDisplay(screen, files, options);
            screen.write(
              summaryText(update.summary, { ...options, selection: request }, screen.colors) +
                sharedCacheLine(update.summary, options),
            );
            if (options.json === true) process.stdout.write(jsonLine(summaryJson(update.summary)));
            else if (hasNewResults(update.summary))
              show(() => resultsText(project.root, update.summary.results), writeResults);
            return;
          case 'problem':
            return show(async () =>
              update.problem.kind === 'busy'
                ? `${busyText(update.problem)}: waiting for it to finish\n`
                : `${await problemText(update.problem, screen.colors)}\n`,
            );
          case 'waiting':
            return show(() => `${screen.colors.dim('waiting for changes (Ctrl-C ends)')}\n`);
        }
      },
    },
    signals,
  );
  await printed;
  display.close();
  if (!watched.ok) {
    signals.release();
    return reportProblem(watched.error, options);
  }
  eventFile.close();
  project.close();
  signals.release();
  await new Promise<void>((resolve) => {
    process.stdout.write('', () => resolve());
  });
  // Folders that were removed can leave watchers behind, which would keep the process.
  process.exit(watched.value);
}

const writeResults = (text: string): void => void process.stdout.write(text);

const hasNewResults = ({ outcomes, exitCode }: RunSummary): boolean =>
  exitCode === 0 &&
  [...outcomes.values()].some(
    (outcome) =>
      outcome.kind === 'ran' ||
      outcome.kind === 'restored' ||
      (outcome.kind === 'up-to-date' && outcome.adopted === true),
  );

/** What to do when another run is in progress. */
function waitingText({ wait }: RunOptions): string {
  return typeof wait === 'number'
    ? `it did not finish within ${durationText(wait)} (without a number, \`--wait\` has no limit)`
    : 'wait for it with `--wait`';
}

/** Why an option and --smoke contradict each other. */
function notWithSmoke(options: RunOptions): string | undefined {
  const others = {
    '--only': options.only,
    '--from': options.from,
    '--dry-run': options.dryRun,
    '--watch': options.watch,
    '--retry-failed': options.retryFailed,
    '--adopt': options.adopt,
    '--overwrite': options.overwrite,
    '--detach': options.detach,
  };
  const other = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
  return other === undefined
    ? undefined
    : `--smoke and ${other} exclude each other: a smoke run computes everything itself and keeps nothing`;
}

/** Why an option and --watch contradict each other. */
function notWithWatch({ dryRun: only, retryFailed, wait, detach }: RunOptions): string | undefined {
  if (detach === true) return '--watch and --detach exclude each other';
  if (only === true) return '--watch and --dry-run exclude each other';
  if (retryFailed === true)
    return (
      '--watch and --retry-failed exclude each other: a watch retries a failed instance when something ' +
      'that it depends on changes'
    );
  return wait === undefined
    ? undefined
    : '--watch and --wait exclude each other: a watch always waits for other runs';
}

/**
 * Faults of --adopt and --overwrite: both concern files that could be lost, so they require named instances.
 */
function existingOutsFault(
  names: readonly string[],
  { adopt, overwrite, force, watch: watches, dryRun: only, retryFailed }: RunOptions,
): string | undefined {
  if (adopt !== true && overwrite !== true) return undefined;
  if (adopt === true && overwrite === true) return '--adopt and --overwrite exclude each other';
  const option = adopt === true ? '--adopt' : '--overwrite';
  if (names.length === 0) return `${option} needs the names of instances`;
  if (adopt === true && force === true) return '--adopt and --force exclude each other';
  const other =
    watches === true
      ? '--watch'
      : only === true
        ? '--dry-run'
        : retryFailed === true
          ? '--retry-failed'
          : undefined;
  return other && `${option} and ${other} exclude each other`;
}

const forecastJson = ({ willRun, mayRun, upToDate, willRestore, frozen, awaited }: Forecast): object => ({
  'will-run': namesOf(willRun),
  'may-run': namesOf(mayRun),
  'will-restore': namesOf(willRestore),
  'up-to-date': upToDate,
  ...(frozen === undefined ? {} : { frozen }),
  awaited,
});

const namesOf = (listed: readonly { readonly instance: string }[]): readonly string[] =>
  listed.map(({ instance }) => instance);
