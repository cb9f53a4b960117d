import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { Command } from 'commander';
import type { LogPart } from '../../runner/report/log-text.ts';
import { printableLines } from '../../runner/wording/printable.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../project-options.ts';
import { printJson } from '../print-json.ts';
import { reportProblem } from '../report-problem.ts';
import { openScreen } from '../screen.ts';

export function logCommand(): Command {
  return withPipelineOptions(new Command('log'))
    .description(
      'Show why an instance was started, what it printed and how it ended, in its last run; also while it is running.',
    )
    .argument('<instance>', 'such as train[aimc,lora] or train:aimc,lora')
    .option('--run <id>', 'show this run (see `pipeline history`)')
    .addHelpText('after', '\nExample:\n  pipeline log train:aimc,lora | less')
    .action(async (instance: string, options: PipelineOptions & { readonly run?: string }) => {
      const project = await openProjectHere(options);
      try {
        const log = await project.log(instance, options.run);
        if (!log.ok) return reportProblem(log.error, options);
        if (log.value === undefined) {
          openScreen().write(
            `${instance} has not run${options.run === undefined ? '' : ` in ${options.run}`}\n`,
          );
          process.exitCode = 1;
          return;
        }
        if (options.json === true) printJson(log.value);
        else {
          const { logParts } = await import('../../runner/report/log-text.ts');
          await print(
            project.root,
            logParts(log.value, (at) => new Date(at).toLocaleTimeString('en-GB')),
          );
        }
      } finally {
        project.close();
      }
    });
}

/** A reader that goes away has seen enough. */
async function print(root: string, parts: readonly LogPart[]): Promise<void> {
  try {
    for (const part of parts) {
      if (part.kind === 'lines') process.stdout.write(`${part.lines.join('\n')}\n`);
      else await printFile(root, part.file);
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}

/**
 * As it was printed, byte for byte; on a terminal, as lines that leave its screen alone. A new line below it.
 * Of what printed nothing, or is gone, nothing is told.
 */
async function printFile(root: string, file: string): Promise<void> {
  const bytes = await stat(join(root, file)).then(
    ({ size }) => size,
    () => 0,
  );
  if (bytes === 0) return;
  const isReadable = await access(join(root, file), constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!isReadable) {
    process.stdout.write(`printed (${file}): only the owner of the file can read it\n`);
    return;
  }
  process.stdout.write(`printed (${file}):\n`);
  const decoder = new StringDecoder('utf8');
  let last: number | undefined;
  await pipeline(
    createReadStream(join(root, file)),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const piece of source) {
        last = piece.at(-1);
        yield process.stdout.isTTY ? printableLines(decoder.write(piece)) : piece;
      }
    },
    process.stdout,
    { end: false },
  );
  if (last !== 0x0a) process.stdout.write('\n');
}
