import { relative } from 'node:path';
import { Argument, Command } from 'commander';
import { quotedCommand } from '../../runner/wording/command-text.ts';
import { type ExportFormat, exportFormats, openExporter } from '../../tracking/open-exporter.ts';
import { printJson } from '../output/print-json.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { reportProblem } from '../output/report-problem.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';
import { unknownRun } from '../output/unknown-run.ts';

interface ExportOptions extends PipelineOptions {
  readonly run?: string;
}

/** `pipeline export`. Exporting a model again replaces its earlier export. */
export function exportCommand(): Command {
  return withPipelineOptions(new Command('export'))
    .description(
      'Export the models with their params, series, metrics and answers, for other tools. Exporting ' +
        'again updates what was exported.',
    )
    .addArgument(new Argument('<format>', 'what to write').choices(exportFormats))
    .argument('<folder-or-url>', 'where to write it: a folder, or the URL of an MLflow server')
    .option('--run <id>', 'export the models of this run (see `pipeline history`)')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline export tensorboard exported && tensorboard --logdir exported\n  ' +
        'pipeline export parquet exported --run 20260131-142501-3f9a',
    )
    .action((format: ExportFormat, destination: string, options: ExportOptions) =>
      exportModels(format, destination, options),
    );
}

async function exportModels(
  format: ExportFormat,
  destination: string,
  options: ExportOptions,
): Promise<void> {
  const project = await openProjectHere(options);
  try {
    const models = await project.models(options.run);
    if (!models.ok) return await reportProblem(models.error, options);
    if (models.value === undefined) return refuse(unknownRun(String(options.run), options), 2);
    if (models.value.length === 0)
      return refuse(
        'no instance with an out of kind "model" has a result: compute one with ' +
          quotedCommand(options, 'run'),
        1,
      );
    const { readTrackerRun } = await import('../../tracking/tracker-run.ts');
    const graph = await project.graph({ patterns: [], mode: 'only' });
    if (!graph.ok) return await reportProblem(graph.error, options);
    const { pipeline } = graph.value;
    const exporter = await openExporter({ format, destination, pipeline, environment: process.env });
    if (!exporter.ok) return refuse(exporter.error, 2);
    const exported: { instance: string; id: string; places: readonly string[] }[] = [];
    for (const results of models.value) {
      const { run, warnings } = await readTrackerRun(project.root, results, options.run);
      for (const warning of warnings) openScreen().write(`warning: ${warning}\n`);
      const written = await exporter.value.write(run);
      if (!written.ok) return refuse(written.error, 1);
      exported.push({ instance: run.name, id: run.id, places: written.value });
    }
    if (options.json === true) printJson({ format, models: exported });
    else process.stdout.write(await exportedText(exported));
  } finally {
    project.close();
  }
}

async function exportedText(
  exported: readonly { readonly instance: string; readonly places: readonly string[] }[],
): Promise<string> {
  const { pluralize } = await import('../../runner/wording/pluralize.ts');
  const { textWidth } = await import('../../runner/wording/text-width.ts');
  const width = Math.max(...exported.map(({ instance }) => textWidth(instance)));
  const lines = exported.map(
    ({ instance, places }) =>
      `  ${instance}${' '.repeat(width - textWidth(instance))}  ${shownPlaces(places)}`,
  );
  return `exported ${pluralize(exported.length, 'model')}:\n${lines.join('\n')}\n`;
}

function shownPlaces([first = '', ...more]: readonly string[]): string {
  const place = /^https?:/.test(first) ? first : relative(process.cwd(), first);
  return more.length === 0 ? place : `${place} and ${more.length} more`;
}
