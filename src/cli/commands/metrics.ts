import { Command } from 'commander';
import type { Result } from '../../result.ts';
import type { InstanceMetrics, Problem } from '../../runner/project.ts';
import { aligned } from '../../runner/report/aligned.ts';
import { matching, metricNames, metricsTable, settingNames, sortedBy } from '../../runner/report/metrics-table.ts';
import { listed } from '../../runner/spec/interpolate.ts';
import { nearest } from '../../runner/spec/nearest.ts';
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
    .option('--columns <names>', 'metrics to show, separated by commas, by name or its last part')
    .option('--sort <column>', 'by a metric, the best first, or by a param')
    .addHelpText('after', '\nExamples:\n  pipeline metrics eval\n  pipeline metrics "eval[aimc,gs_*]" --columns rougeL,f1 --sort rougeL')
    .action((names: readonly string[], options: MetricsOptions) => {
      const columns = options.columns?.split(',').map((name) => name.trim()).filter((name) => name !== '');
      return answer(options, async (project) => {
        const measured = await project.metrics({ patterns: names, mode: names.length === 0 ? 'needs' : 'only' });
        return measured.ok ? ordered(measured.value, columns ?? [], options.sort) : measured;
      }, (measured) => metricsText(measured, columns));
    });
}

/** The instances as they are asked for. A column that none of them has is a fault: without a word, it would look as if it had been respected. */
function ordered(measured: readonly InstanceMetrics[], columns: readonly string[], sort: string | undefined): Result<readonly InstanceMetrics[], Problem> {
  if (measured.length === 0) return { ok: true, value: measured };
  const metrics = metricNames(measured);
  const sortable = [...metrics, ...settingNames(measured)];
  const unknown = [...columns.map((name) => ({ name, known: metrics })), ...(sort === undefined ? [] : [{ name: sort, known: sortable }])].filter(({ name, known }) => matching(known, name).length === 0);
  if (unknown.length === 0) return { ok: true, value: sort === undefined ? measured : sortedBy(measured, sort) };
  return { ok: false, error: { kind: 'invalid', sources: new Map(), diagnostics: unknown.map(({ name, known }) => {
    const suggestion = nearest(name, [...known, ...known.map(lastPart)]);
    return { severity: 'error', code: 'unknown-column', message: `there is no column ${JSON.stringify(name)}: expected ${listed(known)}`, ...(suggestion === undefined ? {} : { suggestion }) };
  }) } };
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

function metricsText(measured: readonly InstanceMetrics[], columns: readonly string[] | undefined): string {
  if (measured.length === 0) return 'no metrics yet: no instance that is named here has written an out of kind metrics\n';
  // Instances of different stages measure different things: a table each.
  const stages = [...new Set(measured.map(({ instance }) => stageOf(instance)))];
  return stages.map((stage) => {
    const { rows, same, left } = metricsTable(measured.filter(({ instance }) => stageOf(instance) === stage), columns);
    const shared = same.length === 0 ? '' : `the same in all: ${same.map(({ name, value }) => `${name} ${value}`).join(', ')}\n`;
    const more = left.length === 0 || columns !== undefined ? '' : `not shown (--columns): ${left.join(', ')}\n`;
    return `${aligned(rows).join('\n')}\n${shared}${more}`;
  }).join('\n');
}

const stageOf = (instance: string): string => instance.split('[', 1)[0] ?? instance;
