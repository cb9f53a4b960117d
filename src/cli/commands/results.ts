import { Command, Option } from 'commander';
import type { ResultsCheck, WrittenResults } from '../../runner/project.ts';
import { quotedCommand, type TypedPipeline } from '../../runner/wording/command-text.ts';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { refuse } from '../refuse.ts';

interface ResultsOptions extends PipelineOptions {
  readonly write?: true;
  readonly check?: true;
}

/** `pipeline results`. */
export function resultsCommand(): Command {
  return withPipelineOptions(new Command('results'))
    .description(
      'Write or check results.json, a file to commit with the metrics of all results: `metrics --at`, ' +
        '`metrics --diff` and `compare --at` read it.',
    )
    .addOption(new Option('--write', 'write the file').conflicts('check'))
    .option('--check', 'compare the file with the current results; exit code 1 if it is out of date')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline run && pipeline results --write && ' +
        'git add results.json\n  pipeline results --check',
    )
    .action((options: ResultsOptions) => {
      if (options.write === true) return answer(options, (project) => project.writeResults(), writtenText);
      if (options.check === true)
        return answer(
          options,
          async (project) => {
            const checked = await project.checkResults();
            if (checked.ok && checked.value.differences.length > 0) process.exitCode = 1;
            return checked;
          },
          (check) => checkText(check, options),
        );
      return refuse('expected --write or --check', 2);
    });
}

async function writtenText({ file, instances, changed, leftOut }: WrittenResults): Promise<string> {
  const { joinFirst } = await import('../../runner/wording/join-first.ts');
  const { pluralize } = await import('../../runner/wording/pluralize.ts');
  const count = pluralize(instances, 'instance');
  return [
    changed ? `wrote ${count} to ${file}\n` : `${file} is up to date: ${count}\n`,
    ...(leftOut.length === 0
      ? []
      : [
          `left out, because their results are out of date: ${joinFirst(leftOut, 10)} (run them, ` +
            `then write again)\n`,
        ]),
  ].join('');
}

async function checkText(
  { file, same, platformOnly, differences }: ResultsCheck,
  typed: TypedPipeline,
): Promise<string> {
  const { joinFirst } = await import('../../runner/wording/join-first.ts');
  const { pluralize } = await import('../../runner/wording/pluralize.ts');
  const lines = [
    ...differences.map(({ instance, kind }) => `${instance}  ${differenceText[kind]}`),
    ...(platformOnly.length === 0
      ? []
      : [
          `${pluralize(platformOnly.length, 'result')} from another platform, with otherwise equal ` +
            `manifests: ${joinFirst(platformOnly, 10)}`,
        ]),
    differences.length === 0
      ? `${file} is up to date: ${pluralize(same + platformOnly.length, 'instance')}`
      : `${file} is out of date: update it with ${quotedCommand(typed, 'run')} and ` +
        quotedCommand(typed, 'results --write'),
  ];
  return `${lines.join('\n')}\n`;
}

const differenceText = {
  changed: 'its manifest changed since the file was written',
  metrics: 'the metrics in the file differ from those of its result',
  missing: 'the file has no line for it',
  gone: 'it is no longer in the pipeline file',
  unknown: 'its manifest is unknown: a dependency has no result here',
} satisfies Record<ResultsCheck['differences'][number]['kind'], string>;
