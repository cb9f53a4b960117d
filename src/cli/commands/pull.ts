import { Command } from 'commander';
import type { Event, RunSummary } from '../../runner/project.ts';
import { sharedCacheText } from '../../runner/report/shared-cache-text.ts';
import { quotedCommand, type TypedPipeline } from '../../runner/wording/command-text.ts';
import { pluralize } from '../../runner/wording/pluralize.ts';
import { annotatedFiles } from '../output/annotated-files.ts';
import { lazyDisplay } from '../output/lazy-display.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { printJson } from '../output/print-json.ts';
import { reportProblem } from '../output/report-problem.ts';
import { openScreen } from '../output/screen.ts';
import { ignoreHangup, stopSignals } from '../stop-signals.ts';
import { summaryJson } from '../output/summary-json.ts';

/** `pipeline pull`. */
export function pullCommand(): Command {
  return withPipelineOptions(new Command('pull'))
    .description('Write back results from the shared cache and the local one, without running any stage.')
    .argument('[names...]', 'stages or instances; without names, all')
    .option('--allow-missing', 'use the recorded digests of data that is missing on this machine')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline pull\n  pipeline pull "train[aimc,*]"\n\n`pipeline run --dry-run ' +
        '--remote` lists what would be fetched.',
    )
    .action(async (names: readonly string[], options: PipelineOptions & { allowMissing?: true }) => {
      ignoreHangup();
      const screen = openScreen();
      const project = await openProjectHere(options, () => undefined);
      const display = lazyDisplay(screen, annotatedFiles(options.file, project), options);
      const signals = stopSignals();
      try {
        const pulled = await project.run(
          {
            patterns: names,
            mode: 'needs',
            force: false,
            keepGoing: true,
            retryFailed: false,
            restoreOnly: true,
            allowMissing: options.allowMissing === true,
            waitSeconds: 0,
          },
          (event: Event) => display.show(event),
          signals,
        );
        await display.close();
        if (!pulled.ok) return reportProblem(pulled.error, options);
        screen.write(pulledText(pulled.value, options));
        if (options.json === true) printJson(summaryJson(pulled.value));
        const isUnread = pulled.value.sharedCache?.readingOff !== undefined;
        process.exitCode = pulled.value.exitCode === 0 && isUnread ? 1 : pulled.value.exitCode;
      } finally {
        signals.release();
        project.close();
      }
    });
}

function pulledText({ outcomes, sharedCache }: RunSummary, typed: TypedPipeline): string {
  const kinds = [...outcomes.values()].map(({ kind }) => kind);
  const count = (kind: (typeof kinds)[number]): number => kinds.filter((each) => each === kind).length;
  const shared = sharedCache && sharedCacheText(sharedCache, typed);
  const parts = [
    `${pluralize(count('restored'), 'instance')} restored`,
    `${count('up-to-date')} up to date`,
    ...(count('skipped') > 0
      ? [`${count('skipped')} not cached anywhere (${quotedCommand(typed, 'run')} runs them)`]
      : []),
    ...(count('failed') > 0 ? [`${count('failed')} failed`] : []),
  ];
  return `${parts.join(', ')}\n${shared === undefined ? '' : `  ${shared}\n`}`;
}
