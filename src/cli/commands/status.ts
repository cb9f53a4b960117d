import { Command } from 'commander';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { tableWidth } from '../output/screen.ts';

interface StatusOptions extends PipelineOptions {
  readonly all?: true;
  readonly wide?: true;
  readonly remote?: true;
}

/** `pipeline status`. */
export function statusCommand(): Command {
  return withPipelineOptions(new Command('status'))
    .description('Show how many instances are up to date, and why the others are not.')
    .argument('[names...]', 'stages or instances to list')
    .option('--all', 'list every instance')
    .option('--remote', 'also look in the shared cache')
    .option('--wide', 'show every column, whatever the width of the terminal')
    .addHelpText('after', '\nExamples:\n  pipeline status\n  pipeline status "train[aimc,*]"')
    .action((names: readonly string[], options: StatusOptions) =>
      answer(
        options,
        (project) =>
          project.status(
            { patterns: names, mode: names.length === 0 ? 'needs' : 'only' },
            options.remote === true,
          ),
        async (status) => {
          const { statusText } = await import('../../runner/report/status-text.ts');
          const all = options.all === true || names.length > 0;
          return statusText(status, { all, width: tableWidth(options), typed: options });
        },
      ),
    );
}
