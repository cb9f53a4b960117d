import { Command } from 'commander';
import { reasonText } from '../../runner/report/reason-text.ts';
import type { InstanceStatus, Status } from '../../runner/project.ts';
import { aligned } from '../../runner/wording/aligned.ts';
import { stateText } from '../../runner/report/explanation-text.ts';
import { displacedText } from '../../runner/report/outcome-text.ts';
import { joinFirst } from '../../runner/wording/join-first.ts';
import { answer } from '../answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../project-options.ts';

export function statusCommand(): Command {
  return withPipelineOptions(new Command('status'))
    .description('Say of each instance whether it is up to date, and why not.')
    .argument('[names...]', 'stages or instances')
    .addHelpText('after', '\nExample:\n  pipeline status "train[aimc,*]"')
    .action((names: readonly string[], options: PipelineOptions) =>
      answer(
        options,
        (project) => project.status({ patterns: names, mode: names.length === 0 ? 'needs' : 'only' }),
        statusText,
      ),
    );
}

function statusText({ instances, unnamed }: Status): string {
  const rows = instances.map((row) => [row.instance, stateText(row.state), whyText(row)]);
  const lines = aligned([['instance', 'state', 'because'], ...rows]);
  const left =
    unnamed.length === 0
      ? []
      : [
          '',
          'No pipeline file names these any more; pipeline gc deletes them:',
          ...unnamed.map(({ instance, path }) => `  ${instance}  ${path}`),
        ];
  return `${[...lines, ...left].join('\n')}\n`;
}

function whyText({ because, displaced, after, fault }: InstanceStatus): string {
  const waits = after.length === 0 ? [] : [`for ${joinFirst(after, 3)}`];
  return [
    ...(fault === undefined ? [] : [fault]),
    ...because.map(reasonText),
    ...(displaced.length > 0 ? [displacedText(displaced)] : []),
    ...waits,
  ].join('; ');
}
