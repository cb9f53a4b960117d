import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import { fileProblemText } from '../../files/file-problem.ts';
import type { NewProject, NewProjectFault } from '../init/new-project.ts';
import { openScreen } from '../screen.ts';

interface InitOptions {
  readonly json?: true;
}

export function initCommand(): Command {
  return new Command('init')
    .description(
      'Make a small project of its own: a pipeline, its stage programs, data. Nothing that is there is overwritten.',
    )
    .argument('[folder]', 'where; made if there is none', '.')
    .option('--json', 'answer with one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExample:\n  npx pipeline init ../my-experiment && cd ../my-experiment && npm install && npx pipeline run',
    )
    .action(async (folder: string, { json }: InitOptions) => {
      const { newProject } = await import('../init/new-project.ts');
      const made = await newProject(resolve(folder));
      if (json === true)
        process.stdout.write(`${JSON.stringify(made.ok ? made.value : { problem: made.error })}\n`);
      else if (made.ok) process.stdout.write(madeText(made.value));
      if (made.ok) return;
      openScreen().write(`error: ${faultText(folder, made.error)}\n`);
      process.exitCode = 2;
    });
}

function madeText({ folder, written, kept }: NewProject): string {
  const way = relative(process.cwd(), folder);
  const steps = [
    ...(way === '' ? [] : [`cd ${/^[\w./-]+$/.test(way) ? way : JSON.stringify(way)}`]),
    'npm install',
    'npx pipeline run',
  ];
  const lines = [...written.map((path) => `  ${path}`), ...kept.map((path) => `  ${path} (kept as it was)`)];
  return `made in ${folder}:\n${lines.join('\n')}\nnext:\n${steps.map((step) => `  ${step}`).join('\n')}\n`;
}

function faultText(folder: string, fault: NewProjectFault): string {
  switch (fault.kind) {
    case 'file':
      return `${fileProblemText(fault.problem)}; nothing was made`;
    case 'in-the-way':
      return `nothing was written, since these are in the way in ${folder}:\n${fault.paths.map((path) => `  ${path}`).join('\n')}\nhelp: name another folder: pipeline init my-experiment`;
  }
}
