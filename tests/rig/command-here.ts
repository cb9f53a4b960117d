import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { Script } from 'node:vm';
// It starts its process in the folder in which it is loaded, so that must not be one of a test.
import 'esbuild';
import { startCommand } from '../../src/cli/start-command.ts';
import { supervisorHere } from './supervisor-here.ts';

/** A command of the built command line that runs in the process of the test. */
export interface CommandHere {
  readonly stdout: Captured;
  readonly stderr: Captured;
  /** As if the command's process had got it. A signal that it does not handle has no effect. */
  signal(name: NodeJS.Signals): void;
  /** When it has ended. */
  readonly code: Promise<number>;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
}

/**
 * Runs the command line that is built in `folder`, as `node main.js` does, but without the start of a process,
 * which takes longer than most commands. The built code is given a `process` of its own: arguments, variables,
 * streams, exit code and signals of commands do not meet. Its supervisor runs here too (supervisor-here.ts). The
 * working folder is that of the whole process while a command runs, so commands in two folders cannot run at
 * once.
 */
export function commandHere(folder: string, words: readonly string[], options: CommandOptions): CommandHere {
  const stdout = new Captured();
  const stderr = new Captured();
  const signals = new EventEmitter();
  const leave = enter(options.cwd);
  let exit: (code: number) => void = () => undefined;
  const exited = new Promise<number>((resolve) => {
    exit = resolve;
  });
  const own: NodeJS.Process = Object.create(process, {
    ...Object.fromEntries(
      (
        ['on', 'once', 'off', 'addListener', 'removeListener', 'removeAllListeners', 'listenerCount'] as const
      ).map((name) => [name, { value: signals[name].bind(signals) }]),
    ),
    argv: { value: [process.execPath, join(folder, 'main.js'), ...words] },
    env: { value: { ...(options.env ?? process.env) } },
    stdin: { value: Readable.from([options.stdin ?? '']) },
    stdout: { value: stdout },
    stderr: { value: stderr },
    exitCode: { value: undefined, writable: true },
    getBuiltinModule: {
      value: (name: string) => (name === 'node:child_process' ? childProcess : builtinModule(name)),
    },
    exit: { value: (code?: number) => exit(code ?? exitCodeOf(own)) },
  });
  const started = startCommand(words, (file) => load(join(folder, file), own)).then(
    () => exitCodeOf(own),
    (error: unknown) => {
      stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      return 1;
    },
  );
  return {
    stdout,
    stderr,
    signal: (name) => void signals.emit(name, name),
    code: Promise.race([started, exited]).finally(leave),
  };
}

/** A stream that keeps what is written to it, and emits it as `written`. */
export class Captured extends Writable {
  text = '';
  readonly #decoder = new TextDecoder();

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const piece = this.#decoder.decode(chunk, { stream: true });
    this.text += piece;
    this.emit('written', piece);
    done();
  }
}

const builtinModule = process.getBuiltinModule;
const childProcess = {
  ...builtinModule('node:child_process'),
  spawn(...started: Parameters<typeof spawn>) {
    return basename(started[1]?.[0] ?? '') === 'supervisor.js' ? supervisorHere() : spawn(...started);
  },
};

const exitCodeOf = ({ exitCode }: NodeJS.Process): number => Number(exitCode ?? 0);

type Start = (
  exports: unknown,
  require: (name: string) => unknown,
  module: unknown,
  file: string,
  folder: string,
  process: NodeJS.Process,
) => void;

function load(file: string, own: NodeJS.Process) {
  const require = createRequire(file);
  const requireHere = Object.assign(
    (name: string): unknown => (/^(node:)?process$/.test(name) ? own : require(name)),
    { resolve: require.resolve },
  );
  const module = { exports: Object.create(null) };
  compiled(file)(module.exports, requireHere, module, file, dirname(file), own);
  return { exports: module.exports, keep: () => undefined };
}

const programs = new Map<string, { readonly version: string; readonly start: Start }>();

/** Each call gives modules with a fresh state. Reading megabytes would cost more than most commands. */
function compiled(file: string): Start {
  const { ino, size, mtimeNs } = statSync(file, { bigint: true });
  const version = [ino, size, mtimeNs].join(' ');
  const known = programs.get(file);
  if (known?.version === version) return known.start;
  const source = readFileSync(file, 'utf8');
  const parameters = 'exports, require, module, __filename, __dirname, process';
  const start: Start = new Script(`(function (${parameters}) {${source}\n})`, {
    filename: file,
  }).runInThisContext();
  programs.set(file, { version, start });
  return start;
}

let before = '';
let running = 0;

function enter(folder: string): () => void {
  if (running === 0) {
    before = process.cwd();
    process.chdir(folder);
  } else if (process.cwd() !== folder) throw new Error(`a command runs in ${process.cwd()}`);
  running += 1;
  return () => {
    running -= 1;
    if (running === 0) process.chdir(before);
  };
}
