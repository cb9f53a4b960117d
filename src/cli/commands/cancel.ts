import { Command } from 'commander';
import { joinFirst } from '../../runner/wording/join-first.ts';
import { pluralize } from '../../runner/wording/pluralize.ts';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';

/** `pipeline cancel`. */
export function cancelCommand(): Command {
  return withPipelineOptions(new Command('cancel'))
    .description('Cancel the jobs that instances have in a queue. Without names: all jobs of the pipeline.')
    .argument('[names...]', 'stages or instances, such as train or train:aimc,lora')
    .addHelpText('after', '\nExample:\n  pipeline cancel train')
    .action((names: readonly string[], options: PipelineOptions) =>
      answer(
        options,
        (project) => project.cancel(names),
        ({ cancelled }) =>
          cancelled.length === 0
            ? 'no jobs in a queue\n'
            : `cancelled ${pluralize(cancelled.length, 'job')}: ${joinFirst(cancelled, 10)}\n`,
      ),
    );
}
