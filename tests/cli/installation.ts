import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onceForAll, programsFolder } from '../rig/build-programs.ts';
import { commandHere } from '../rig/command-here.ts';

const checkout = join(import.meta.dirname, '../..');

/**
 * A folder with a node_modules of its own, in which the project is installed as a package beside what it
 * needs.
 */
export interface Installation extends Disposable {
  readonly folder: string;
  /** The installed package: package.json, and what is built. */
  readonly root: string;
}

/** Installs the project in a temporary folder, where a project that depends on it would have it. */
export async function install(): Promise<Installation> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'installation-')));
  const modules = join(folder, 'node_modules');
  const root = join(modules, 'medical-qa-pipeline');
  mkdirSync(root, { recursive: true });
  const { files }: { readonly files: readonly string[] } = JSON.parse(
    readFileSync(join(checkout, 'package.json'), 'utf8'),
  );
  for (const name of ['package.json', 'LICENSE', ...files.filter((path) => path !== 'dist')]) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    copyFileSync(join(checkout, name), join(root, name));
  }
  cpSync(await builtDist(), join(root, 'dist'), { recursive: true });
  for (const name of packageNames()) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(checkout, 'node_modules', name), join(modules, name));
  }
  // Without npm's record of what is installed, every package would count by its content.
  copyFileSync(join(checkout, 'node_modules/.package-lock.json'), join(modules, '.package-lock.json'));
  return { folder, root, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The folder of a scope is not linked whole: a test that moves a package of it would move the checkout's. */
const packageNames = (): readonly string[] =>
  readdirSync(join(checkout, 'node_modules'))
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(checkout, 'node_modules', name)).map((member) => `${name}/${member}`)
        : [name],
    );

let dist: Promise<string> | undefined;

/** What `npm run build` makes, once for all installations of a run of the tests. */
function builtDist(): Promise<string> {
  dist ??= onceForAll(`${programsFolder()}-dist`, async (unfinished) => {
    await mustRun(process.execPath, [join(checkout, 'scripts/build.mjs'), unfinished]);
  });
  return dist;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A command of the installation, in this process (command-here.ts). */
export async function pipeline(
  installation: Installation,
  words: readonly string[],
  { cwd = installation.folder, env }: RunOptions = {},
): Promise<Ended> {
  const command = commandHere(join(installation.root, 'dist'), words, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  const code = await command.code;
  return { code, stdout: command.stdout.text, stderr: command.stderr.text };
}

/** The installed command line, as a process. */
export const pipelineProcess = (
  installation: Installation,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Ended> =>
  run(process.execPath, [join(installation.root, 'dist/main.js'), ...words], {
    cwd: installation.folder,
    ...options,
  });

/** The type check of a folder that has a tsconfig.json; stdout holds the errors. */
export const typeCheck = (folder: string): Promise<Ended> =>
  run(process.execPath, [join(checkout, 'node_modules/typescript/bin/tsc'), '--project', folder]);

/** A process to its end. One that cannot be started, or is killed, is an exception. */
export function run(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      words,
      { ...options, env: { ...process.env, NO_COLOR: '1', ...options.env }, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
  });
}

export async function mustRun(
  program: string,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const ended = await run(program, words, options);
  if (ended.code !== 0)
    throw new Error(
      `${program} ${words.join(' ')} ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`,
    );
  return ended;
}
