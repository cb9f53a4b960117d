import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { Script } from 'node:vm';

/** A loaded CommonJS module. */
export interface CompiledProgram<T> {
  readonly exports: T;
  /** Keeps what V8 has compiled of it for the next process; to be called when it has done its work. */
  keep(): void;
}

/**
 * Loads a built CommonJS file with the code that V8 compiled for it in an earlier process
 * (nodejs.org/api/vm.html#scriptcreatecacheddata). The code is stored in the user's cache folder, under a
 * name derived from its inputs. A cached file that is missing, foreign, damaged or rejected, or a folder that
 * cannot be written, only costs time and is no error. `import()` does not work in the loaded file. `use`:
 * what the file is loaded for, such as a command; V8 compiles only the functions that run, so each use has
 * its own cached code.
 */
export function compiledProgram<T>(file: string, use = ''): CompiledProgram<T> {
  const source = readFileSync(file, 'utf8');
  const folder = codeFolder(process.env);
  const name = codeName(source, use);
  const cachedData = folder === undefined ? undefined : keptCode(folder, name);
  const parameters = 'exports, require, module, __filename, __dirname';
  const script = new Script(`(function (${parameters}) {${source}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const module: { exports: T } = { exports: Object.create(null) };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return {
    exports: module.exports,
    keep() {
      if (folder !== undefined && (cachedData === undefined || script.cachedDataRejected === true))
        keepCode(folder, name, script.createCachedData());
    },
  };
}

/** V8 compares little more than the length of a source and its own version and flags. */
function codeName(source: string, use: string): string {
  const { version, arch, execArgv, env } = process;
  const made = JSON.stringify([
    sha256(source).toString('hex'),
    use,
    version,
    arch,
    execArgv,
    env['NODE_OPTIONS'] ?? '',
  ]);
  return `${sha256(made).toString('hex').slice(0, 32)}.code`;
}

/** In the user's cache folder; undefined: there is no such folder. */
function codeFolder(environment: NodeJS.ProcessEnv): string | undefined {
  const named = environment['XDG_CACHE_HOME'] ?? '';
  if (isAbsolute(named)) return join(named, 'medical-qa-pipeline');
  const home = environment['HOME'] ?? homedir();
  if (!isAbsolute(home)) return undefined;
  const caches = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(home, caches, 'medical-qa-pipeline');
}

/**
 * The cached code is executed unchecked: it must be intact, written by this user, in a folder that no other
 * user can write to.
 */
function keptCode(folder: string, name: string): Buffer | undefined {
  try {
    if (!isOwn(folder)) return undefined;
    const bytes = readFileSync(join(folder, name));
    const code = bytes.subarray(digestLength);
    return sha256(code).equals(bytes.subarray(0, digestLength)) ? code : undefined;
  } catch {
    return undefined;
  }
}

function keepCode(folder: string, name: string, code: Buffer): void {
  try {
    // A home folder that is not there is not made.
    if (!existsSync(dirname(folder))) mkdirSync(dirname(folder));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOwn(folder)) return;
    const partial = join(folder, `.${name}-${process.pid}`);
    try {
      writeFileSync(partial, Buffer.concat([sha256(code), code]), { mode: 0o600 });
      renameSync(partial, join(folder, name));
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    }
    removeOld(folder);
  } catch {
    // The next process compiles again.
  }
}

const isOwn = (folder: string): boolean => {
  const { uid, mode } = lstatSync(folder);
  return lstatSync(folder).isDirectory() && uid === process.getuid?.() && (mode & 0o022) === 0;
};

/** Each command, and each version of this program and of Node, leaves one: only the newest are kept. */
function removeOld(folder: string): void {
  readdirSync(folder)
    .filter((name) => /^\.?[0-9a-f]{32}\.code/.test(name))
    .map((name) => ({ place: join(folder, name), time: statSync(join(folder, name)).mtimeMs }))
    .sort((one, other) => other.time - one.time)
    .filter(({ time }, place) => place >= keptFiles || Date.now() - time > keptMilliseconds)
    .forEach(({ place }) => rmSync(place));
}

const keptFiles = 64;
const keptMilliseconds = 90 * 24 * 3600 * 1000;
const digestLength = 32;
const sha256 = (content: string | Buffer): Buffer => createHash('sha256').update(content).digest();
