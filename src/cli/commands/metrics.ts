import { Command } from 'commander';
import type { InstanceMetrics } from '../../runner/project.ts';
import { aligned } from '../../runner/report/aligned.ts';
import { metricsTable, type MetricsTableOptions } from '../../runner/report/metrics-table.ts';
import { answer } from '../answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../project-options.ts';

interface MetricsOptions extends PipelineOptions {
  readonly columns?: string;
  readonly sort?: string;
}

export function metricsCommand(): Command {
  return withPipelineOptions(new Command('metrics'))
    .description('Show the metrics of finished instances, with the params in which they differ; the best of a column has a star.')
    .argument('[names...]', 'stages or instances')
    .option('--columns <names>', 'metrics to show, separated by commas')
    .option('--sort <metric>', 'the best first')
    .addHelpText('after', '\nExamples:\n  pipeline metrics eval\n  pipeline metrics "eval[aimc,gs_*]" --columns rougeL,f1 --sort rougeL')
    .action((names: readonly string[], options: MetricsOptions) =>
      answer(options, (project) => project.metrics({ patterns: names, mode: names.length === 0 ? 'needs' : 'only' }), (measured) =>
        metricsText(measured, { columns: options.columns?.split(',').map((name) => name.trim()), sort: options.sort })));
}

function metricsText(measured: readonly InstanceMetrics[], options: MetricsTableOptions): string {
  if (measured.length === 0) return 'no metrics yet\n';
  // Instances of different stages measure different things: a table each.
  const stages = [...new Set(measured.map(({ instance }) => stageOf(instance)))];
  return stages.map((stage) => {
    const { rows, left } = metricsTable(measured.filter(({ instance }) => stageOf(instance) === stage), options);
    const more = left.length === 0 || options.columns !== undefined ? '' : `not shown (--columns): ${left.join(', ')}\n`;
    return `${aligned(rows).join('\n')}\n${more}`;
  }).join('\n');
}

const stageOf = (instance: string): string => instance.split('[', 1)[0] ?? instance;
