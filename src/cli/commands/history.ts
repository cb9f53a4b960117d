import { Command } from 'commander';
import type { RunRecord } from '../../runner/project.ts';
import { aligned } from '../../runner/wording/aligned.ts';
import { countsText } from '../../runner/report/counts-text.ts';
import { durationText } from '../../runner/wording/duration-text.ts';
import { answer } from '../answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../project-options.ts';
import { wholeNumber } from '../whole-number.ts';

export function historyCommand(): Command {
  return withPipelineOptions(new Command('history'))
    .description('List the runs so far, the newest first, with how they ended.')
    .option('--limit <count>', 'how many', wholeNumber(1), 20)
    .addHelpText('after', '\nExample:\n  pipeline history --limit 5 --json')
    .action((options: PipelineOptions & { readonly limit: number }) =>
      answer(
        options,
        (project) => project.history(options.limit),
        historyText,
        (runs) => ({ runs }),
      ),
    );
}

function historyText(runs: readonly RunRecord[]): string {
  const rows = runs.map(({ run, pipeline, startedAt, finishedAt, state, counts }) => [
    run,
    pipeline,
    new Date(startedAt).toISOString().replace('T', ' ').slice(0, 19),
    finishedAt === undefined ? '' : durationText((finishedAt - startedAt) / 1000),
    state,
    countsText(counts),
  ]);
  return `${aligned([['run', 'pipeline', 'started (UTC)', 'time', 'state', 'instances'], ...rows]).join('\n')}\n`;
}
