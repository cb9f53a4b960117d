import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const checkout = join(import.meta.dirname, '../..');

/** A folder with a node_modules of its own, in which the packed project is installed beside what it needs. */
export interface Installation extends Disposable {
  readonly folder: string;
  /** The installed package. */
  readonly root: string;
  /** What `npm pack` put into it, from its root. */
  readonly files: readonly string[];
}

/** Builds the project into a temporary folder, packs that with npm, and unpacks it where a project would have it. */
export async function install(): Promise<Installation> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'installation-')));
  const staged = join(folder, 'staged');
  mkdirSync(staged);
  for (const name of ['package.json', 'LICENSE']) copyFileSync(join(checkout, name), join(staged, name));
  await mustRun(process.execPath, [join(checkout, 'scripts/build.mjs'), join(staged, 'dist')]);
  const packed: readonly { readonly filename: string; readonly files: readonly { readonly path: string }[] }[] = JSON.parse((await mustRun('npm', ['pack', staged, '--json', '--ignore-scripts', '--offline', '--pack-destination', folder], { cwd: folder })).stdout);
  const [tarball] = packed;
  if (tarball === undefined) throw new Error('npm packed nothing');
  const modules = join(folder, 'node_modules');
  const root = join(modules, 'medical-qa-pipeline');
  mkdirSync(root, { recursive: true });
  await mustRun('tar', ['-xzf', join(folder, tarball.filename), '-C', root, '--strip-components=1']);
  rmSync(staged, { recursive: true });
  for (const name of readdirSync(join(checkout, 'node_modules'))) if (!name.startsWith('.')) symlinkSync(join(checkout, 'node_modules', name), join(modules, name));
  return { folder, root, files: tarball.files.map(({ path }) => path).sort(), [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The installed command line, as a process. */
export const pipeline = (installation: Installation, words: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  run(process.execPath, [join(installation.root, 'dist/main.js'), ...words], { cwd: installation.folder, ...options });

/** The type check of a folder that has a tsconfig.json; stdout holds the errors. */
export const typeCheck = (folder: string): Promise<Ended> => run(process.execPath, [join(checkout, 'node_modules/typescript/bin/tsc'), '--project', folder]);

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export function run(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(program, words, { ...options, env: { ...process.env, NO_COLOR: '1', ...options.env }, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

async function mustRun(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const ended = await run(program, words, options);
  if (ended.code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
  return ended;
}
