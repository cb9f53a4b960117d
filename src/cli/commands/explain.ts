import { Command } from 'commander';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';

/** `pipeline explain`. */
export function explainCommand(): Command {
  return withPipelineOptions(new Command('explain'))
    .description(
      'Show why an instance would run: the fields of its manifest that changed since its last result.',
    )
    .argument('<instance>', 'such as train[aimc,lora] or train:aimc,lora')
    .addHelpText('after', '\nExample:\n  pipeline explain train:aimc,gs_1')
    .action((instance: string, options: PipelineOptions) =>
      answer(
        options,
        (project) => project.explain(instance),
        async (explanation) => {
          const { explanationText } = await import('../../runner/report/explanation-text.ts');
          return explanationText(explanation, options);
        },
      ),
    );
}
