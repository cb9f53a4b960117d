import { delimiter, join } from 'node:path';
import type { Digest } from '../../files/digest.ts';
import type { Result } from '../../result.ts';
import { fileProblem } from '../../files/file-problem.ts';
import { manifestWords } from '../plan/command/command.ts';
import type { Program } from '../plan/instance.ts';
import { fixedPart, isGlob, matchesGlob } from '../pipeline-file/glob.ts';
import type { IgnoreRules } from '../workspace/ignore/ignore-rules.ts';
import type { Stamp } from '../workspace/stamp.ts';
import { placeOf, type ProjectFiles, type Workspace } from '../workspace/workspace.ts';
import type { ReadProgram, Reads } from './reads.ts';

type Command = Extract<Program, { readonly kind: 'argv' | 'shell' }>;

/**
 * A command by content: its words, the program that its first word finds, and the files that its `code`
 * names; and the stamps of all these.
 */
export async function readCommand(
  workspace: Workspace,
  command: Command,
  path: string | undefined,
  { read, executable: executables, code: patterns, ignoring }: Reads,
): Promise<Result<ReadProgram>> {
  const name = executableName(command);
  const place = executables(name, () =>
    executablePlaces(workspace, name, path).find((one) => isExecutable(workspace, one)),
  );
  if (place === undefined) return { ok: false, error: noSuchProgram(workspace, name).message };
  const stamps = new Map<string, Stamp>();
  const contents = new Map<string, Digest>();
  const named = command.code.map(({ value }) => value);
  const files = patterns(JSON.stringify(named), () => codeFiles(workspace, named, ignoring()));
  for (const file of [place, ...files]) {
    const found = await read(file, { links: 'follow' });
    if (!found.ok || found.value === undefined)
      return { ok: false, error: `${file}: ${found.ok ? 'no such file' : found.error.message}` };
    for (const [stamped, stamp] of found.value.stamps) stamps.set(stamped, stamp);
    contents.set(file, found.value.content.digest);
  }
  const executable = contents.get(place);
  if (executable === undefined) throw new Error(`${place} was not read`);
  const code = Object.fromEntries(files.flatMap((file) => [[file, contents.get(file) ?? executable]]));
  return {
    ok: true,
    value: {
      digest: {
        kind: 'command',
        words: manifestWords(command),
        ...(command.kind === 'shell' ? { shell: command.shell } : {}),
        executable,
        code,
      },
      native: false,
      stamps,
    },
  };
}

/** Faults that keep a command from being found by name, and what to do about them. */
export function noSuchProgram(
  workspace: ProjectFiles,
  name: string,
): { readonly message: string; readonly help?: string } {
  if (!name.includes('/')) return { message: `${name}: no such program on PATH` };
  if (workspace.disk.stat(placeOf(workspace, name))?.isFile() !== true)
    return { message: `${name}: no such program in the project` };
  const interpreter = interpreters.find(([extension]) => name.endsWith(extension))?.[1];
  return {
    message: `${name} is not executable`,
    help: `chmod +x ${name}${interpreter === undefined ? '' : `, or start it as [${interpreter}, ${name}]`}`,
  };
}

/** Of scripts that are often kept without permission to execute them. */
const interpreters = [
  ['.py', 'python3'],
  ['.sh', 'sh'],
  ['.js', 'node'],
  ['.mjs', 'node'],
  ['.R', 'Rscript'],
  ['.pl', 'perl'],
] as const;

/** The first word of a command, without its references; for a shell line, its shell. */
export function executableName(command: Command): string {
  const [first = []] = command.words;
  return command.kind === 'shell'
    ? (command.shell[0] ?? '')
    : first.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');
}

/**
 * Where execvp(3) looks: a name with a slash is a path from the project root, any other is searched on
 * PATH. Those in the project from its root.
 */
export function executablePlaces(
  workspace: Workspace,
  name: string,
  path: string | undefined,
): readonly string[] {
  const places = name.includes('/')
    ? [placeOf(workspace, name)]
    : (path ?? '/usr/local/bin:/usr/bin:/bin')
        .split(delimiter)
        .map((folder) => join(folder === '' ? workspace.root : folder, name));
  return places.map((place) =>
    place.startsWith(`${workspace.root}/`) ? place.slice(workspace.root.length + 1) : place,
  );
}

/** A folder of PATH that cannot be entered holds nothing, as for execvp(3). */
export function isExecutable(workspace: Workspace, place: string): boolean {
  try {
    const stats = workspace.disk.stat(placeOf(workspace, place));
    return stats?.isFile() === true && (stats.mode & 0o111n) !== 0n;
  } catch (error) {
    if (fileProblem(place, error).code === 'EACCES') return false;
    throw error;
  }
}

/**
 * The files that patterns match, sorted: "*" and "?" stay within a name, "**" matches any folders; a folder
 * matches every file in it that is not ignored.
 */
export function codeFiles(
  workspace: ProjectFiles,
  patterns: readonly string[],
  ignoring: IgnoreRules,
): readonly string[] {
  const files = new Set<string>();
  for (const pattern of patterns) {
    const base = fixedPart(pattern);
    const within = !isGlob(pattern);
    for (const file of filesBelow(workspace, base)) {
      const isIgnored =
        file !== base &&
        ignoring.ignored(
          base === '' ? '.' : base,
          base === '' ? file : file.slice(base.length + 1),
          false,
        ) !== undefined;
      if (!isIgnored && (within || matchesGlob(pattern, file))) files.add(file);
    }
  }
  return [...files].sort();
}

function* filesBelow(workspace: ProjectFiles, path: string): Generator<string> {
  const place = placeOf(workspace, path === '' ? '.' : path);
  const stats = workspace.disk.stat(place);
  if (stats?.isFile() === true) yield path;
  // A linked folder is not entered: it could contain this one.
  if (
    stats?.isDirectory() !== true ||
    (path !== '' && workspace.disk.lstat(place)?.isSymbolicLink() === true)
  )
    return;
  for (const name of workspace.disk.list(place)) {
    if (!notCode.includes(name)) yield* filesBelow(workspace, path === '' ? name : `${path}/${name}`);
  }
}

/** What no pattern reaches: results, the cache, and what other tools keep. */
const notCode = ['artifacts', 'cache', 'node_modules', '.git', '__pycache__'];
