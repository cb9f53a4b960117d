import { Command } from 'commander';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { tableWidth } from '../output/screen.ts';
import { wholeNumber } from '../options/whole-number.ts';

interface HistoryOptions extends PipelineOptions {
  readonly limit: number;
  readonly wide?: true;
}

export function historyCommand(): Command {
  return withPipelineOptions(new Command('history'))
    .description('List runs, newest first, and how they ended.')
    .option('--limit <count>', 'list at most this many runs', wholeNumber(1), 20)
    .option('--wide', 'show every column, whatever the width of the terminal')
    .addHelpText('after', '\nExample:\n  pipeline history --limit 5 --json')
    .action((options: HistoryOptions) =>
      answer(
        options,
        (project) => project.history(options.limit),
        async (runs) => {
          const { historyText } = await import('../../runner/report/history-text.ts');
          return historyText(runs, tableWidth(options));
        },
        (runs) => ({ runs }),
      ),
    );
}
