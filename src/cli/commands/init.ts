import { relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { fileProblemText } from '../../files/file-problem.ts';
import { shellPath } from '../../files/shell-path.ts';
import type { NewProject, NewProjectFault } from '../init/new-project.ts';
import { type Template, templates } from '../init/template.ts';
import { printJson } from '../output/print-json.ts';
import { openScreen } from '../output/screen.ts';

interface InitOptions {
  readonly template: Template;
  readonly json?: true;
}

/** `pipeline init`. */
export function initCommand(): Command {
  return new Command('init')
    .description(
      'Add a pipeline with its stage programs and data to a folder. Existing files are never overwritten.',
    )
    .argument('[folder]', 'where; created if it does not exist', '.')
    .addOption(
      new Option('--template <name>', 'starter: a small example; finetune: the default experiment')
        .choices(templates)
        .default('starter'),
    )
    .option('--json', 'print one JSON document to stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  npx pipeline init --template finetune && npx pipeline run\n  npx pipeline init ' +
        '../my-experiment && cd ../my-experiment && npm install && npx pipeline run',
    )
    .action(async (folder: string, { template, json }: InitOptions) => {
      const { newProject } = await import('../init/new-project.ts');
      const made = await newProject(resolve(folder), template);
      if (json === true) printJson(made.ok ? made.value : { problem: made.error });
      else if (made.ok) process.stdout.write(madeText(made.value));
      if (made.ok) return;
      openScreen().write(`error: ${faultText(folder, made.error)}\n`);
      process.exitCode = 2;
    });
}

function madeText({ folder, written, kept, missingLines, install }: NewProject): string {
  const way = relative(process.cwd(), folder);
  const steps = [
    ...(way === '' ? [] : [`cd ${shellPath(way)}`]),
    ...(install === null ? [] : [install]),
    'npx pipeline run',
  ];
  return [
    ...section(written.length === 0 ? `nothing to add in ${folder}` : `added in ${folder}:`, written),
    ...(kept.length === 0 ? [] : section('already there, left unchanged:', kept)),
    ...Object.entries(missingLines).flatMap(([path, lines]) =>
      section(`to get the same as in a new project, add to ${path}:`, lines),
    ),
    ...section('next:', steps),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const section = (title: string, lines: readonly string[]): readonly string[] => [
  title,
  ...lines.map((line) => `  ${line}`),
];

function faultText(folder: string, fault: NewProjectFault): string {
  switch (fault.kind) {
    case 'file':
      return `${fileProblemText(fault.problem)}; nothing was created`;
    case 'in-the-way':
      return [
        `nothing was written: these files already exist in ${folder} with other content:`,
        ...fault.paths.map((path) => `  ${path}`),
        'help: name another folder: `pipeline init my-experiment`',
      ].join('\n');
  }
}
