import { Command, Option } from 'commander';
import { fileProblemText } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { InstanceMetrics, Problem, Project, Selection } from '../../runner/project.ts';
import { invalid } from '../../runner/project/planning/invalid.ts';
import { answer } from '../output/answer.ts';
import type { MetricsSource } from '../options/metrics-source.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { openScreen, tableWidth } from '../output/screen.ts';

interface MetricsOptions extends PipelineOptions {
  readonly columns?: string;
  readonly sort?: string;
  readonly wide?: true;
  readonly run?: string;
  readonly at?: string;
  readonly diff?: string;
}

/** `pipeline metrics`. */
export function metricsCommand(): Command {
  return withPipelineOptions(new Command('metrics'))
    .description(
      'Show the metrics of finished instances, with the params in which they differ. A star marks ' +
        'the best model by the rule `best` in the pipeline file.',
    )
    .argument('[names...]', 'stages or instances')
    .option('--columns <names>', 'metrics to show, separated by commas; the last part of a name is enough')
    .option('--sort <column>', 'sort by a metric, best first, or by a param')
    .addOption(
      new Option('--run <id>', 'show the metrics of this run (see `pipeline history`)').conflicts([
        'at',
        'diff',
      ]),
    )
    .addOption(
      new Option(
        '--at <revision>',
        'show the metrics of this commit: those in its results file, or else those of the last run ' +
          'at that commit without uncommitted changes',
      ).conflicts('diff'),
    )
    .option('--diff <revision>', 'show what changed since this commit, as Markdown')
    .option('--wide', 'show every column, whatever the width of the terminal')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline metrics eval\n  pipeline metrics "eval[aimc,gs_*]" --columns ' +
        'rougeL,f1 --sort rougeL\n  pipeline metrics eval --diff main',
    )
    .action((names: readonly string[], options: MetricsOptions) => {
      const named =
        options.columns
          ?.split(',')
          .map((name) => name.trim())
          .filter((name) => name !== '') ?? [];
      const columns = named.length === 0 ? undefined : named;
      const selection: Selection = { patterns: names, mode: names.length === 0 ? 'needs' : 'only' };
      if (options.diff !== undefined) return diff(options, options.diff, selection, columns);
      const source = sourceOf(options);
      return answer(
        options,
        async (project) => {
          const { unknownColumns } = await import('../../runner/report/metrics/named-columns.ts');
          const { sortedBy } = await import('../../runner/report/metrics/sorted-by.ts');
          const measured = await (source === undefined
            ? project.metrics(selection)
            : metricsOfSource(project, source, selection, options));
          if (!measured.ok) return measured;
          const faults = unknownColumns(measured.value, named, options.sort);
          if (faults.length > 0) return invalid(faults);
          for (const fault of measured.value.flatMap((row) => row.faults))
            openScreen().write(`warning: ${fileProblemText(fault)}\n`);
          return {
            ok: true,
            value: options.sort === undefined ? measured.value : sortedBy(measured.value, options.sort),
          };
        },
        async (measured) => {
          const { metricsText } = await import('../../runner/report/metrics/metrics-text.ts');
          return metricsText(measured, columns, tableWidth(options), options);
        },
        (measured) => ({ instances: measured }),
      );
    });
}

const sourceOf = ({ run, at }: MetricsOptions): MetricsSource | undefined =>
  run !== undefined ? { kind: 'run', run } : at === undefined ? undefined : { kind: 'commit', revision: at };

/** Reports a moment for which no metrics are recorded. */
async function metricsOfSource(
  project: Project,
  source: MetricsSource,
  selection: Selection,
  typed: MetricsOptions,
): Promise<Result<readonly InstanceMetrics[], Problem>> {
  const { metricsAt } = await import('../options/metrics-source.ts');
  const found = await metricsAt(project, source, selection, typed);
  if (!found.ok) return found;
  return found.value.kind === 'found'
    ? { ok: true, value: found.value.metrics }
    : unknownSource(found.value.message);
}

const unknownSource = (message: string): ReturnType<typeof invalid> =>
  invalid([{ severity: 'error', code: 'unknown-source', message }]);

/** Prints what changed since a commit. */
const diff = (
  options: MetricsOptions,
  revision: string,
  selection: Selection,
  columns: readonly string[] | undefined,
): Promise<void> =>
  answer(
    options,
    async (project) => {
      const { metricsAt } = await import('../options/metrics-source.ts');
      const before = await metricsAt(project, { kind: 'commit', revision }, selection, options);
      if (!before.ok) return before;
      if (before.value.kind === 'missing') return unknownSource(before.value.message);
      const after = await project.metrics(selection);
      if (!after.ok) return after;
      const { metricsDiff } = await import('../../runner/report/metrics/metrics-diff.ts');
      const { name, metrics } = before.value;
      return { ok: true, value: { name, found: metricsDiff(metrics, after.value, columns) } };
    },
    async ({ name, found }) => {
      const { metricsDiffText } = await import('../../runner/report/metrics/metrics-diff.ts');
      return metricsDiffText(found, { before: name, after: 'now' });
    },
    ({ name, found }) => ({ since: name, ...found }),
  );
