import { Command } from 'commander';
import type { Collected } from '../../runner/project.ts';
import { pluralize } from '../../runner/wording/pluralize.ts';
import { sizeText } from '../../runner/wording/size-text.ts';
import { answer } from '../answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../project-options.ts';
import { wholeNumber } from '../whole-number.ts';

export function gcCommand(): Command {
  return withPipelineOptions(new Command('gc'))
    .description(
      'Delete results that no pipeline file of the project names any more and that the last runs did not make.',
    )
    .option('--dry-run', 'say what would be deleted')
    .option('--keep-runs <count>', 'keep the results of the last so many runs', wholeNumber(0), 5)
    .addHelpText('after', '\nExample:\n  pipeline gc --dry-run')
    .action((options: PipelineOptions & { readonly dryRun?: true; readonly keepRuns: number }) =>
      answer(
        options,
        (project) => project.gc({ dryRun: options.dryRun === true, keepRuns: options.keepRuns }),
        (collected) => collectedText(collected, options.dryRun === true),
      ),
    );
}

const collectedText = ({ entries, objects, files, bytes }: Collected, dryRun: boolean): string =>
  `${files.map((file) => `  ${file}\n`).join('')}${dryRun ? 'would free' : 'freed'} ${sizeText(bytes)}: ${pluralize(entries, 'result')}, ${pluralize(objects, 'object')}, ${pluralize(files.length, 'file or folder', 'files and folders')}\n`;
