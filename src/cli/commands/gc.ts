import { Command } from 'commander';
import type { Collected } from '../../runner/project.ts';
import { pluralize } from '../../runner/wording/pluralize.ts';
import { sizeText } from '../../runner/wording/size-text.ts';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { wholeNumber } from '../options/whole-number.ts';

interface GcOptions extends PipelineOptions {
  readonly dryRun?: true;
  readonly keepRuns: number;
}

export function gcCommand(): Command {
  return withPipelineOptions(new Command('gc'))
    .description('Delete results that no pipeline file of the project names and no recent run made.')
    .option('--dry-run', 'show what would be deleted')
    .option('--keep-runs <count>', 'keep the results of this many recent runs', wholeNumber(0), 5)
    .addHelpText('after', '\nExample:\n  pipeline gc --dry-run')
    .action((options: GcOptions) =>
      answer(
        options,
        (project) => project.gc({ dryRun: options.dryRun === true, keepRuns: options.keepRuns }),
        (collected) => collectedText(collected, options),
      ),
    );
}

function collectedText({ entries, objects, files, bytes, kept }: Collected, options: GcOptions): string {
  const lines = [
    ...files.map((file) => `  ${file}`),
    `${options.dryRun === true ? 'would free' : 'freed'} ${sizeText(bytes)}: ${pluralize(entries, 'result')}, ${pluralize(objects, 'object')}, ${pluralize(files.length, 'file or folder', 'files and folders')}`,
    ...keptLines(kept, options.keepRuns),
  ];
  return `${lines.join('\n')}\n`;
}

function keptLines({ named, recent, files }: Collected['kept'], runs: number): readonly string[] {
  const reasons = [
    ...(named > 0 ? [`${named} named by a pipeline file`] : []),
    ...(recent > 0 ? [`${recent} made by the last ${pluralize(runs, 'run')} (--keep-runs)`] : []),
  ];
  return [
    ...(reasons.length > 0 ? [`kept ${pluralize(named + recent, 'result')}: ${reasons.join(', ')}`] : []),
    ...files.map(({ path, because }) => `kept ${path}: ${becauseText[because]}`),
  ];
}

const becauseText: Readonly<Record<Collected['kept']['files'][number]['because'], string>> = {
  edited: 'it changed since a run wrote it',
  'below-a-link': 'a symbolic link leads to it',
  unreadable: 'it cannot be read',
};
