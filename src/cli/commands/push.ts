import { Command } from 'commander';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { printJson } from '../output/print-json.ts';
import { reportProblem } from '../output/report-problem.ts';
import { openScreen, tableWidth } from '../output/screen.ts';
import { stopSignals } from '../stop-signals.ts';

interface PushOptions extends PipelineOptions {
  readonly dryRun?: true;
}

/** `pipeline push`. */
export function pushCommand(): Command {
  return withPipelineOptions(new Command('push'))
    .description('Upload results that are up to date to the shared cache, after listing their sizes.')
    .argument('[names...]', 'stages or instances; without names, all')
    .option('--dry-run', 'list what would be uploaded, and how large it is')
    .addHelpText('after', '\nExamples:\n  pipeline push --dry-run\n  pipeline push "train[aimc,*]"')
    .action(async (names: readonly string[], options: PushOptions) => {
      const screen = openScreen();
      const project = await openProjectHere(options);
      const signals = stopSignals();
      const { pushListText, pushedText } = await import('../../runner/report/push-text.ts');
      const width = tableWidth({});
      try {
        const request = {
          patterns: names,
          mode: names.length === 0 ? 'needs' : 'only',
          dryRun: options.dryRun === true,
        } as const;
        const pushed = await project.push(
          request,
          (listed) => screen.write(pushListText(listed, width)),
          signals.graceful,
        );
        if (!pushed.ok) return reportProblem(pushed.error, options);
        if (options.json === true) printJson(pushed.value);
        else if (!request.dryRun) process.stdout.write(pushedText(pushed.value));
        else if (pushed.value.problem === undefined) process.stdout.write(pushListText(pushed.value, width));
        else screen.write(pushedText(pushed.value));
        if (pushed.value.problem !== undefined) process.exitCode = 1;
      } finally {
        signals.release();
        project.close();
      }
    });
}
