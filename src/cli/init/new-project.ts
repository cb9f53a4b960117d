import { lstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import { realDisk } from '../../files/disk.ts';
import { failedPath, type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { isJsonObject, readJson } from '../../files/json.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { walkTree } from '../../files/walk-tree.ts';
import type { Result } from '../../result.ts';
import { folderFault } from '../../runner/project/folder-fault.ts';
import { installedFile } from '../installed-file.ts';
import { packageReference } from './package-reference.ts';
import type { Template } from './template.ts';

/** The created paths, from `folder`. */
export interface NewProject {
  readonly folder: string;
  readonly written: readonly string[];
  /** Files that existed already and are left unchanged. */
  readonly kept: readonly string[];
  /** By a kept file: the lines that it lacks. */
  readonly missingLines: Readonly<Record<string, readonly string[]>>;
  /** The command that installs the project's packages; null: they are installed. */
  readonly install: string | null;
}

export type NewProjectFault =
  /** Names that are taken: nothing was written. */
  | { readonly kind: 'in-the-way'; readonly paths: readonly string[] }
  | { readonly kind: 'file'; readonly problem: FileProblem };

/**
 * Adds a template's files to a folder, which is created if needed: all of them or none. Existing files are
 * never overwritten. Files that any npm project may have are left unchanged, and so are files equal to the
 * template's.
 */
export async function newProject(
  folder: string,
  template: Template,
): Promise<Result<NewProject, NewProjectFault>> {
  const fault = folderFault(folder);
  if (fault !== undefined)
    return { ok: false, error: { kind: 'file', problem: { path: folder, message: fault.message } } };
  const files = await templateFiles(folder, template);
  if (!files.ok) return { ok: false, error: { kind: 'file', problem: files.error } };
  const all = [...files.value];
  const kept = all.filter(([path, content]) => isLeft(folder, path, content));
  const wanted = all.filter((file) => !kept.includes(file));
  const paths = [...new Set(wanted.flatMap(([path]) => inTheWay(folder, path)))];
  if (paths.length > 0) return { ok: false, error: { kind: 'in-the-way', paths } };
  const written = await writeAll(folder, wanted);
  if (!written.ok) return { ok: false, error: { kind: 'file', problem: written.error } };
  const keeps = (path: string): boolean => kept.some(([name]) => name === path);
  const namesUs = !keeps('package.json') || (await dependsOnUs(folder));
  const isInstalled = keeps('package.json') && isThere(join(folder, 'node_modules', manifest.name));
  return {
    ok: true,
    value: {
      folder,
      written: wanted.map(([path]) => path),
      kept: kept.map(([path]) => path),
      missingLines: missingLines(folder, kept),
      install: namesUs
        ? isInstalled
          ? null
          : 'npm install'
        : `npm install ${installWord(packageReference(folder))}`,
    },
  };
}

/** Writes all files, or removes those that it wrote. */
async function writeAll(
  folder: string,
  files: readonly (readonly [path: string, content: Buffer])[],
): Promise<Result<void, FileProblem>> {
  const written: string[] = [];
  const folders: string[] = [];
  for (const [path, content] of files) {
    const place = join(folder, path);
    try {
      const made = makeFolder(dirname(place));
      if (made !== undefined) folders.push(made);
      await realDisk.create(place, content);
      written.push(place);
    } catch (error) {
      // A file that appeared meanwhile is somebody else's.
      const unfinished = isExisting(error) ? [] : [place];
      for (const done of [...written, ...unfinished]) await realDisk.remove(done);
      for (const made of folders) await realDisk.remove(made);
      return { ok: false, error: fileProblem(failedPath(error) ?? place, error) };
    }
  }
  return { ok: true, value: undefined };
}

const isExisting = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EEXIST';

/**
 * Path → content. Names that npm takes for its own when it packs a folder are in the template without their
 * dot.
 */
async function templateFiles(
  folder: string,
  name: Template,
): Promise<Result<ReadonlyMap<string, Buffer>, FileProblem>> {
  const template = installedFile(`templates/${name}`);
  const entries = await walkTree(template);
  if (!entries.ok) return entries;
  const files = new Map<string, Buffer>();
  for (const { kind, path } of entries.value) {
    if (kind !== 'file') continue;
    const content = await readFile(join(template, path));
    if (path === 'package.json') files.set(path, packageJson(folder, JSON.parse(content.toString())));
    else files.set(path === 'gitignore' || path === 'npmrc' ? `.${path}` : path, content);
  }
  return { ok: true, value: files };
}

function packageJson(folder: string, template: Readonly<Record<string, unknown>>): Buffer {
  const made = {
    ...template,
    name: packageName(folder),
    dependencies: { [manifest.name]: packageReference(folder) },
    allowScripts: manifest.allowScripts,
  };
  return Buffer.from(`${JSON.stringify(made, null, 2)}\n`);
}

/** Files that any npm project may have. The pipeline works with any version of them. */
const ofAnyProject = ['package.json', 'tsconfig.json', 'README.md', '.gitignore', '.npmrc'];

function isLeft(folder: string, path: string, content: Buffer): boolean {
  const place = join(folder, path);
  const found = lstatIfReadable(place);
  if (found === undefined) return false;
  if (ofAnyProject.includes(path)) return true;
  return found.isFile() && found.size === content.length && readFileSync(place).equals(content);
}

/** Of files that are lists of lines, what would have to be added for all to work as in a new project. */
function missingLines(
  folder: string,
  kept: readonly (readonly [path: string, content: Buffer])[],
): NewProject['missingLines'] {
  return Object.fromEntries(
    kept
      .filter(([path]) => ['.gitignore', '.npmrc'].includes(path) && isFile(join(folder, path)))
      .map(([path, content]): readonly [string, readonly string[]] => {
        const there = linesOf(readFileSync(join(folder, path), 'utf8')).map(plainLine);
        return [path, linesOf(content.toString()).filter((line) => !there.includes(plainLine(line)))];
      })
      .filter(([, lines]) => lines.length > 0),
  );
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

/** "/cache" and "cache/" in a .gitignore leave out the same folder. */
const plainLine = (line: string): string => line.trim().replace(/^\/|\/$/g, '');

/** A version is requested by the package's name; a file, a folder or a URL is written unchanged. */
const installWord = (reference: string): string =>
  reference === manifest.version ? `${manifest.name}@${reference}` : reference.replace(/^file:/, '');

/** The folder's name, as far as npm takes it. */
function packageName(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  return name === '' ? 'experiment' : name.slice(0, 200);
}

async function dependsOnUs(folder: string): Promise<boolean> {
  const found = await readJson(join(folder, 'package.json'));
  if (!found.ok || !isJsonObject(found.value)) return false;
  const { dependencies, devDependencies } = found.value;
  return [dependencies, devDependencies].some(
    (names) => isJsonObject(names) && Object.hasOwn(names, manifest.name),
  );
}

/**
 * What would have to give way to a file: something of its name, or a file where one of its folders would be.
 */
function inTheWay(folder: string, path: string): readonly string[] {
  for (let above = dirname(path); above !== '.'; above = dirname(above))
    if (isThere(join(folder, above)) && !isFolder(join(folder, above))) return [above];
  return isThere(join(folder, path)) ? [path] : [];
}

const isThere = (place: string): boolean => lstatIfReadable(place) !== undefined;

/** A link that leads nowhere is there. What cannot be read is found out by writing. */
function lstatIfReadable(place: string): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const isFile = (place: string): boolean => statSync(place, { throwIfNoEntry: false })?.isFile() === true;

const isFolder = (place: string): boolean =>
  statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
