import { Command } from 'commander';
import { fileProblemText } from '../../files/file-problem.ts';
import { answer } from '../answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../project-options.ts';
import { openScreen, tableWidth } from '../screen.ts';

interface MetricsOptions extends PipelineOptions {
  readonly columns?: string;
  readonly sort?: string;
  readonly wide?: true;
}

export function metricsCommand(): Command {
  return withPipelineOptions(new Command('metrics'))
    .description(
      'Show the metrics of finished instances, with the params in which they differ. A star marks the best, as `best` in the pipeline file says.',
    )
    .argument('[names...]', 'stages or instances')
    .option('--columns <names>', 'metrics to show, separated by commas: names, or their last parts')
    .option('--sort <column>', 'sort by a metric, best first, or by a param')
    .option('--wide', 'show every column, whatever the width of the terminal')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline metrics eval\n  pipeline metrics "eval[aimc,gs_*]" --columns rougeL,f1 --sort rougeL',
    )
    .action((names: readonly string[], options: MetricsOptions) => {
      const named =
        options.columns
          ?.split(',')
          .map((name) => name.trim())
          .filter((name) => name !== '') ?? [];
      const columns = named.length === 0 ? undefined : named;
      return answer(
        options,
        async (project) => {
          const { sortedBy, unknownColumns } = await import('../../runner/report/metrics-table.ts');
          const measured = await project.metrics({
            patterns: names,
            mode: names.length === 0 ? 'needs' : 'only',
          });
          if (!measured.ok) return measured;
          const faults = unknownColumns(measured.value, named, options.sort);
          if (faults.length > 0)
            return { ok: false, error: { kind: 'invalid', diagnostics: faults, sources: new Map() } };
          for (const fault of measured.value.flatMap((row) => row.faults))
            openScreen().write(`warning: ${fileProblemText(fault)}\n`);
          return {
            ok: true,
            value: options.sort === undefined ? measured.value : sortedBy(measured.value, options.sort),
          };
        },
        async (measured) => {
          const { metricsText } = await import('../../runner/report/metrics-text.ts');
          return metricsText(measured, columns, tableWidth(options));
        },
        (measured) => ({ instances: measured }),
      );
    });
}
