import { Command } from 'commander';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';

/** `pipeline estimate`. */
export function estimateCommand(): Command {
  return withPipelineOptions(new Command('estimate'))
    .description('Estimate the memory that trainings need, by use.')
    .argument('[names...]', 'stages or instances; without names, all')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline estimate train:aimc,full\n' +
        '  pipeline estimate -f experiments/mt5-base.yaml train --json',
    )
    .action((names: readonly string[], options: PipelineOptions) =>
      answer(
        options,
        (project) => project.estimate({ patterns: names, mode: names.length === 0 ? 'needs' : 'only' }),
        async (plans) => (await import('../output/texts/estimate-text.ts')).estimateText(plans),
        (plans) => ({ instances: plans }),
      ),
    );
}
