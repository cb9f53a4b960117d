import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../project-options.ts';
import { reportProblem } from '../report-problem.ts';
import { openScreen } from '../screen.ts';

export function logCommand(): Command {
  return withPipelineOptions(new Command('log'))
    .description('Print all that an instance printed in its last attempt, also while it runs.')
    .argument('<instance>', 'as train[aimc,lora] or train:aimc,lora')
    .option('--run <id>', 'of that run (pipeline history lists them)')
    .addHelpText('after', '\nExample:\n  pipeline log train:aimc,lora | less')
    .action(async (instance: string, options: PipelineOptions & { readonly run?: string }) => {
      const project = await openProjectHere(options);
      try {
        const log = await project.log(instance, options.run);
        if (!log.ok) return reportProblem(log.error, options);
        if (log.value === undefined) {
          openScreen().write(`${instance} has not run${options.run === undefined ? '' : ` in ${options.run}`}\n`);
          process.exitCode = 1;
          return;
        }
        if (options.json === true) process.stdout.write(`${JSON.stringify(log.value)}\n`);
        else for (const file of log.value.files) await printed(join(project.root, file));
      } finally {
        project.close();
      }
    });
}

/** A reader that goes away has seen enough. */
async function printed(path: string): Promise<void> {
  try {
    await pipeline(createReadStream(path), process.stdout, { end: false });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}
