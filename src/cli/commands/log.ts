import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { Command } from 'commander';
import { shellQuoted } from '../../files/shell-quoted.ts';
import type { InstanceLog } from '../../runner/project.ts';
import type { LogPart } from '../../runner/report/log-text.ts';
import { printableLines } from '../../runner/wording/printable.ts';
import { followLog, type LogWriter, writeLog } from '../follow-log.ts';
import { openProjectHere, withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { printJson } from '../output/print-json.ts';
import { reportProblem } from '../output/report-problem.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';

interface LogOptions extends PipelineOptions {
  readonly run?: string;
  readonly follow?: true;
}

/** `pipeline log`. */
export function logCommand(): Command {
  return withPipelineOptions(new Command('log'), '--file <file>')
    .description(
      'Show why an instance ran last, what it printed and how it ended. Works while it is running, too.',
    )
    .argument('<instance>', 'such as train[aimc,lora] or train:aimc,lora')
    .option('-f, --follow', 'keep printing new output until the instance ends')
    .option('--run <id>', 'show this run (see `pipeline history`)')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline log train:aimc,lora | less\n  pipeline log --follow train:aimc,lora',
    )
    .allowExcessArguments()
    .action(async (instance: string, options: LogOptions, { args }: Command) => {
      const fault = faultOf(args, options);
      if (fault !== undefined) return refuse(fault, 2);
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
          const found = log.value;
          const { logParts } = await import('../../runner/report/log-text.ts');
          const partsOf = (shown: InstanceLog): readonly LogPart[] =>
            logParts(shown, (at) => new Date(at).toLocaleTimeString('en-GB'));
          await untilReaderLeaves(async () => {
            const writer = openLogWriter(project.root);
            const shown = { project, log: found, partsOf, writer };
            await (options.follow === true ? followLog(shown) : writeLog(shown));
            writer.close();
          });
        }
      } finally {
        project.close();
      }
    });
}

/** More than one argument is refused here, not by commander: it may be a pipeline file after `-f`. */
function faultOf(args: readonly string[], { follow, json }: LogOptions): string | undefined {
  const file = follow === true ? args.find(isPipelineFile) : undefined;
  if (file !== undefined)
    return `-f is --follow in this command: name the pipeline file with --file ${shellQuoted(file)}`;
  if (args.length > 1) return `expected one instance, but got ${args.length}: ${args.join(' ')}`;
  return follow === true && json === true ? '--follow and --json exclude each other' : undefined;
}

/** The values in a name, as in `train:FILE.yaml`, may end so, too. */
const isPipelineFile = (word: string): boolean => /^[^:[]+\.ya?ml$/i.test(word);

/** The reader of the pipe has closed it. */
async function untilReaderLeaves(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}

/** Writes to stdout. */
function openLogWriter(root: string): LogWriter {
  let file: string | undefined;
  let offset = 0;
  let endsInLine = false;
  const closeLine = (): void => {
    if (endsInLine) process.stdout.write('\n');
    endsInLine = false;
  };
  /** The log byte for byte; on a terminal, without the control sequences that would change its screen. */
  async function writeGrowth(): Promise<void> {
    if (file === undefined) return;
    const size = await sizeOf(join(root, file));
    if (size <= offset) return;
    if (offset === 0) {
      const canRead = await isReadable(join(root, file));
      process.stdout.write(`output (${file}):${canRead ? '' : ' only the owner of the file can read it'}\n`);
      if (!canRead) return void (file = undefined);
    }
    const decoder = new StringDecoder('utf8');
    await pipeline(
      createReadStream(join(root, file), { start: offset, end: size - 1 }),
      async function* (source: AsyncIterable<Buffer>) {
        for await (const piece of source) {
          endsInLine = piece.at(-1) !== 0x0a;
          yield process.stdout.isTTY ? printableLines(decoder.write(piece)) : piece;
        }
      },
      process.stdout,
      { end: false },
    );
    offset = size;
  }
  return {
    async write(parts) {
      for (const part of parts) {
        closeLine();
        if (part.kind === 'lines') process.stdout.write(`${part.lines.join('\n')}\n`);
        else {
          file = part.file;
          offset = 0;
          await writeGrowth();
        }
      }
    },
    writeGrowth,
    close: closeLine,
  };
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

const isReadable = (file: string): Promise<boolean> =>
  access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
