import { Command } from 'commander';
import { reasonText } from '../../runner/manifest/reason-text.ts';
import type { Explanation } from '../../runner/project.ts';
import { displacedOutText } from '../../runner/report/outcome-text.ts';
import { answer } from '../answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../project-options.ts';

export function explainCommand(): Command {
  return withPipelineOptions(new Command('explain'))
    .description('Say why an instance would run: the fields of its manifest that changed since its last result.')
    .argument('<instance>', 'as train[aimc,lora] or train:aimc,lora')
    .addHelpText('after', '\nExample:\n  pipeline explain train:aimc,gs_1')
    .action((instance: string, options: PipelineOptions) => answer(options, (project) => project.explain(instance), explanationText));
}

function explanationText({ instance, state, key, because, displaced, after }: Explanation): string {
  const lines = [
    `${instance}: ${state.replaceAll('-', ' ')}${key === undefined ? '' : ` (key ${key.slice(0, 12)})`}`,
    ...because.map((reason) => `  ${reasonText(reason)}`),
    ...displaced.map((out) => `  ${displacedOutText(out)}: pipeline run restores it`),
    ...(after.length === 0 ? [] : [`  it is decided when these are done: ${after.join(', ')}`]),
    ...(because.length + displaced.length + after.length === 0 ? ['  its outputs are those of its key: nothing to do'] : []),
  ];
  return `${lines.join('\n')}\n`;
}
