import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Event } from '../../src/runner/event.ts';
import { programs } from './build-programs.ts';
import { Captured, commandHere, type CommandHere } from './command-here.ts';
import { openAll } from './in-process.ts';
import { type Puppet, puppetsOf } from './puppets.ts';

/** A project of its own, its stages puppets. What still lives when it is disposed of fails the test. */
export interface Rig extends AsyncDisposable {
  readonly root: string;
  /** Files of the project by path; a value that is no text is written as JSON, which is YAML too. */
  write(files: Readonly<Record<string, unknown>>): void;
  read(path: string): string;
  exists(path: string): boolean;
  puppet(name?: string): Puppet;
  /** A command in this process: what it prints, stores and starts does not differ (command-here.ts). */
  pipeline(...words: readonly string[]): PipelineRun;
  /** A command as a process of its own, for tests of what only processes do: to be killed, to lose a pipe. */
  process(...words: readonly string[]): PipelineProcess;
  /** Processes of stages of this project that are alive. */
  survivors(): readonly number[];
}

export interface PipelineRun {
  /** Takes the events of a run as they happen. */
  readonly eventFile: string;
  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void;
  /** Resolves when its stderr has shown a text as often as is asked. */
  said(text: string, times?: number): Promise<void>;
  /** What its stdout has that matches a pattern, when it has. */
  printed(pattern: RegExp): Promise<string>;
  readonly result: Promise<PipelineResult>;
}

export interface PipelineProcess extends PipelineRun {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
}

export interface PipelineResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What --json answered. */
  readonly json: { readonly [list: string]: unknown };
  readonly events: readonly Event[];
  readonly warnings: readonly string[];
}

export async function createRig(): Promise<Rig> {
  const { main } = await programs();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rig-')));
  const root = join(folder, 'project');
  mkdirSync(root);
  const puppets = await puppetsOf(join(folder, 'socket'));
  const children = new Set<ChildProcess>();
  const commands = new Map<CommandHere, Promise<number>>();
  let runs = 0;

  /** The words of a command, and where it writes its events. */
  function wordsOf(words: readonly string[]): {
    readonly all: readonly string[];
    readonly eventFile: string;
  } {
    runs += 1;
    const eventFile = join(folder, `events-${runs}.ndjson`);
    const isRun = words[0] === 'run' && !words.includes('--dry-run');
    // A watch answers once a run.
    const all = [
      ...words,
      ...(isRun && !words.includes('--watch') ? ['--json'] : []),
      ...(isRun ? ['--events', eventFile] : []),
    ];
    return { all, eventFile };
  }

  function pipeline(...words: readonly string[]): PipelineRun {
    const { all, eventFile } = wordsOf(words);
    const command = commandHere(dirname(main), all, { cwd: root });
    const { stdout, stderr } = command;
    const ended = command.code.finally(() => commands.delete(command));
    commands.set(command, ended);
    return {
      eventFile,
      kill: command.signal,
      said: (text, times = 1) => shown(stderr, text, times),
      printed: (pattern) => found(stdout, pattern),
      result: ended.then((code) =>
        resultOf({ code, signal: null, stdout: stdout.text, stderr: stderr.text }, eventFile),
      ),
    };
  }

  function startProcess(...words: readonly string[]): PipelineProcess {
    const { all, eventFile } = wordsOf(words);
    const child = spawn(process.execPath, [main, ...all], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    children.add(child);
    const stdout = child.stdout.pipe(new Captured());
    const stderr = child.stderr.pipe(new Captured());
    return {
      pid: child.pid ?? 0,
      eventFile,
      kill: (signal) => void child.kill(signal),
      said: (text, times = 1) => shown(stderr, text, times),
      printed: (pattern) => found(stdout, pattern),
      result: new Promise((resolve) => {
        child.on('close', (code, signal) => {
          children.delete(child);
          resolve(resultOf({ code, signal, stdout: stdout.text, stderr: stderr.text }, eventFile));
        });
      }),
    };
  }

  const survivors = (): readonly number[] => processesWith(`PIPELINE_CONTEXT=${root}/`);

  return {
    root,
    write(files) {
      for (const [path, content] of Object.entries(files)) {
        const place = join(root, path);
        mkdirSync(dirname(place), { recursive: true });
        // A watch that reads a pipeline file while it is empty says so, which a test that counts would not
        // expect.
        const written = place.endsWith('.yaml') ? join(folder, 'unfinished') : place;
        writeFileSync(
          written,
          typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
        );
        if (written !== place) renameSync(written, place);
      }
    },
    read: (path) => readFileSync(join(root, path), 'utf8'),
    exists: (path) => existsSync(join(root, path)),
    puppet: (name = 'puppet') => puppets.puppet(name),
    pipeline,
    process: startProcess,
    survivors,
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      // The second signal does not wait for the stages.
      for (const command of [...commands.keys(), ...commands.keys()]) command.signal('SIGINT');
      await Promise.all(commands.values());
      puppets.close();
      await until(() => survivors().length === 0, 8_000).catch(() => {
        const left = survivors();
        for (const pid of left) process.kill(pid, 'SIGKILL');
        throw new Error(`processes outlived the run: ${left.join(', ')}`);
      });
      openAll(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks again until it is so; what a test waits for here has no event of its own (a process that ends). */
export async function until(holds: () => boolean, milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

const shown = async (stream: Captured, text: string, times: number): Promise<void> => {
  await answered(stream, (all) => all.split(text).length > times);
};

const found = async (stream: Captured, pattern: RegExp): Promise<string> => {
  await answered(stream, (all) => pattern.test(all));
  return pattern.exec(stream.text)?.[0] ?? '';
};

/** When what a stream has shown so far holds. */
function answered(stream: Captured, holds: (all: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!holds(stream.text)) return;
      stream.off('written', check);
      resolve();
    };
    stream.on('written', check);
    check();
  });
}

type Ended = Pick<PipelineResult, 'code' | 'signal' | 'stdout' | 'stderr'>;

function resultOf(ended: Ended, eventFile: string): PipelineResult {
  const events = existsSync(eventFile) ? parseLines(readFileSync(eventFile, 'utf8')) : [];
  return {
    ...ended,
    json: ended.stdout.startsWith('{') ? JSON.parse(ended.stdout) : {},
    events,
    warnings: events.flatMap((event) => (event.kind === 'warned' ? [event.diagnostic.code] : [])),
  };
}

function parseLines(text: string): readonly Event[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const event: Event = JSON.parse(line);
      return event;
    });
}

/** Linux only; elsewhere none are seen. */
export function processesWith(mark: string): readonly number[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && environmentOf(pid).includes(mark) && !isZombie(pid));
}

const environmentOf = (pid: number): string => readProc(pid, 'environ');
const isZombie = (pid: number): boolean => / [ZX] /.test(readProc(pid, 'stat').replace(/^.*\)/s, ''));

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}
