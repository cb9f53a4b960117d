import { Command } from 'commander';
import { answer } from '../answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../project-options.ts';
import { tableWidth } from '../screen.ts';
import { wholeNumber } from '../whole-number.ts';

interface HistoryOptions extends PipelineOptions {
  readonly limit: number;
  readonly wide?: true;
}

export function historyCommand(): Command {
  return withPipelineOptions(new Command('history'))
    .description('List the runs so far, the newest first, with how they ended.')
    .option('--limit <count>', 'how many', wholeNumber(1), 20)
    .option('--wide', 'do not fit the table to the terminal')
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
