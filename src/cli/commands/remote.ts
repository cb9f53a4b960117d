import { Argument, Command } from 'commander';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { tableWidth } from '../output/screen.ts';

/** `pipeline remote`. */
export function remoteCommand(): Command {
  return withPipelineOptions(new Command('remote'))
    .description('Check that this machine can list, read and write the shared cache.')
    .addArgument(new Argument('<action>', 'what to do').choices(['check']))
    .addHelpText('after', '\nExample:\n  pipeline remote check')
    .action((_action: string, options: PipelineOptions) =>
      answer(
        options,
        async (project) => {
          const checked = await project.remoteCheck();
          if (checked.ok && checked.value.steps.some(({ ok }) => !ok)) process.exitCode = 1;
          return checked;
        },
        async (checked) => {
          const { remoteCheckText } = await import('../../runner/report/push-text.ts');
          return remoteCheckText(checked, tableWidth({}));
        },
      ),
    );
}
