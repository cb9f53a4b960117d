import { Command } from 'commander';
import type { Collected } from '../../runner/project.ts';
import { pluralize } from '../../runner/wording/pluralize.ts';
import { sizeText } from '../../runner/wording/size-text.ts';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { amountOfBytes, numberOfDays } from '../options/quantity.ts';
import { wholeNumber } from '../options/whole-number.ts';

interface GcOptions extends PipelineOptions {
  readonly dryRun?: true;
  readonly keepRuns: number;
  readonly maxSize?: number;
  readonly olderThan?: number;
  readonly named?: true;
}

/** `pipeline gc`. */
export function gcCommand(): Command {
  return withPipelineOptions(new Command('gc'))
    .description('Delete results that no pipeline file of the project needs and no recent run produced.')
    .option('--dry-run', 'show what would be deleted')
    .option('--keep-runs <count>', 'keep the results of this many recent runs', wholeNumber(0), 5)
    .option(
      '--max-size <size>',
      'stop deleting when the results take at most this much, such as 50GB or 20GiB',
      amountOfBytes,
    )
    .option(
      '--older-than <days>',
      'delete only results that no run has used for this long, such as 30d',
      numberOfDays,
    )
    .option('--named', 'with a limit: also delete results of current pipeline files, after all others')
    .addHelpText(
      'after',
      '\nThe least recently used results are deleted first. With a limit, files below artifacts/ are ' +
        'kept.\n\nExamples:\n  pipeline gc --dry-run\n  pipeline gc --max-size 50GB --older-than 30d',
    )
    .action((options: GcOptions, command: Command) => {
      const { maxSize, olderThan, named = false, dryRun = false, keepRuns } = options;
      if (named && maxSize === undefined && olderThan === undefined)
        command.error(
          'error: --named needs --max-size or --older-than: without a limit it would delete every result',
        );
      return answer(
        options,
        (project) => project.gc({ dryRun, keepRuns, maxBytes: maxSize, unusedDays: olderThan, named }),
        (collected) => collectedText(collected, options),
      );
    });
}

function collectedText(collected: Collected, options: GcOptions): string {
  const { entries, removed, objects, files, bytes, kept } = collected;
  const freed = `${options.dryRun === true ? 'would free' : 'freed'} ${sizeText(bytes)}`;
  const counts = [
    pluralize(entries, 'result'),
    pluralize(objects, 'object'),
    pluralize(files.length, 'file or folder', 'files and folders'),
  ];
  const lines = [
    ...removed.slice(0, shownResults).map(removedLine),
    ...(removed.length > shownResults
      ? [
          `  … and ${pluralize(removed.length - shownResults, 'more result', 'more results')} ` +
            '(--json has all)',
        ]
      : []),
    ...files.map((file) => `  ${file}`),
    `${freed}: ${counts.join(', ')}`,
    ...keptLines(kept, options.keepRuns),
    ...sizeLines(collected, options),
  ];
  return `${lines.join('\n')}\n`;
}

/** A search may leave thousands. */
const shownResults = 50;

function removedLine({ key, instance, lastUse, bytes, because }: Collected['removed'][number]): string {
  const result = `result ${key.slice(0, 12)}${instance === null ? '' : ` of ${instance}`}`;
  return `  ${result} (${sizeText(bytes)}, last used ${lastUse}): ${removedText[because]}`;
}

const removedText: Readonly<Record<Collected['removed'][number]['because'], string>> = {
  unnamed: 'no pipeline file needs it',
  unused: 'not used for longer than --older-than',
  size: 'least recently used (--max-size)',
};

function keptLines(
  { named, recent, withinLimits, files, attempts }: Collected['kept'],
  runs: number,
): readonly string[] {
  const reasons = [
    ...(named > 0 ? [`${named} needed by a pipeline file`] : []),
    ...(recent > 0 ? [`${recent} made by the last ${pluralize(runs, 'run')} (--keep-runs)`] : []),
    ...(withinLimits > 0 ? [`${withinLimits} within the limits`] : []),
  ];
  return [
    ...(reasons.length > 0
      ? [`kept ${pluralize(named + recent + withinLimits, 'result')}: ${reasons.join(', ')}`]
      : []),
    ...files.map(({ path, because }) => `kept ${path}: ${becauseText[because]}`),
    ...attempts.map(
      ({ instance }) =>
        `kept the attempt of ${instance}: its job may be in a queue, or a run takes up its result`,
    ),
  ];
}

/** Where a limit of size cannot be kept: what else would make room. */
function sizeLines({ bytesLeft }: Collected, { maxSize, named, keepRuns }: GcOptions): readonly string[] {
  if (maxSize === undefined || bytesLeft <= maxSize) return [];
  const ways = [...(named === true ? [] : ['--named']), ...(keepRuns > 0 ? ['--keep-runs 0'] : [])];
  const more = `results still take ${sizeText(bytesLeft)}, more than --max-size ${sizeText(maxSize)}`;
  return [ways.length > 0 ? `${more}: ${ways.join(' and ')} would delete more` : more];
}

const becauseText: Readonly<Record<Collected['kept']['files'][number]['because'], string>> = {
  edited: 'it was changed after a run wrote it',
  'below-a-link': 'a symbolic link leads to it',
  unreadable: 'it cannot be read',
};
