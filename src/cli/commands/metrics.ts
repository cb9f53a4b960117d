import { Command } from 'commander';
import { fileProblemText } from '../../files/file-problem.ts';
import type { InstanceMetrics } from '../../runner/project.ts';
import { aligned } from '../../runner/wording/aligned.ts';
import { hasColumn, metricsTable, sortedBy, unknownColumns } from '../../runner/report/metrics-table.ts';
import { wrapped } from '../../runner/wording/wrapped.ts';
import { answer } from '../answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../project-options.ts';
import { openScreen, sizeOf } from '../screen.ts';

interface MetricsOptions extends PipelineOptions {
  readonly columns?: string;
  readonly sort?: string;
}

export function metricsCommand(): Command {
  return withPipelineOptions(new Command('metrics'))
    .description(
      'Show the metrics of finished instances, with the params in which they differ; the best of a column has a star.',
    )
    .argument('[names...]', 'stages or instances')
    .option('--columns <names>', 'metrics to show, separated by commas, by name or its last part')
    .option('--sort <column>', 'by a metric, the best first, or by a param')
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
        (measured) => metricsText(measured, columns, sizeOf(process.stdout).columns()),
      );
    });
}

function metricsText(
  measured: readonly InstanceMetrics[],
  columns: readonly string[] | undefined,
  width: number,
): string {
  if (measured.length === 0)
    return 'no metrics yet: no instance that is named here has a result with an out of kind metrics\n';
  // Instances of different stages measure different things: a table each.
  const shown = columns === undefined ? measured : measured.filter((row) => hasColumn(row, columns));
  const stages = [...new Set(shown.map(({ instance }) => stageOf(instance)))];
  const tables = stages.map((stage) => {
    const { rows, same, left } = metricsTable(
      shown.filter(({ instance }) => stageOf(instance) === stage),
      columns,
      width,
    );
    const notes = [
      ...(same.length === 0
        ? []
        : [`the same in all: ${same.map(({ name, value }) => `${name} ${value}`).join(', ')}`]),
      ...(left.settings.length === 0 ? [] : [`they differ too in (--json): ${left.settings.join(', ')}`]),
      ...(left.metrics.length === 0 || columns !== undefined
        ? []
        : [`not shown (--columns): ${left.metrics.join(', ')}`]),
    ];
    return `${[...aligned(rows), ...notes.flatMap((note) => wrapped(note, width))].join('\n')}\n`;
  });
  const outdated = measured.some(({ state }) => state === 'out-of-date')
    ? '\nout of date: the last results, with the params that they were made with; pipeline run brings them up\n'
    : '';
  return `${tables.join('\n')}${outdated}`;
}

const stageOf = (instance: string): string => instance.split('[', 1)[0] ?? instance;
