import { lstatSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import { realDisk } from '../../files/disk.ts';
import { failedPath, type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { isJsonObject, readJson } from '../../files/json.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { walkTree } from '../../files/walk-tree.ts';
import type { Result } from '../../result.ts';
import { notAFolder } from '../../runner/workspace/not-a-folder.ts';
import { workspaceDisk } from '../../runner/workspace/workspace-disk.ts';
import { installedFile } from '../installed-file.ts';
import { packageReference } from './package-reference.ts';

/** What was made: paths from `folder`. */
export interface NewProject {
  readonly folder: string;
  readonly written: readonly string[];
  /** A package.json that was there and names this package already, as `npm install` leaves it. */
  readonly kept: readonly string[];
}

export type NewProjectFault =
  /** Names that are taken: nothing was written. */
  | { readonly kind: 'in-the-way'; readonly paths: readonly string[] }
  | { readonly kind: 'file'; readonly problem: FileProblem };

/** Copies the template into a folder, made where there is none. All of it or nothing: what stands there is never written to. */
export async function newProject(folder: string): Promise<Result<NewProject, NewProjectFault>> {
  const fault = notAFolder(workspaceDisk, folder);
  if (fault !== undefined)
    return { ok: false, error: { kind: 'file', problem: { path: folder, message: fault.message } } };
  const files = await templateFiles(folder);
  if (!files.ok) return { ok: false, error: { kind: 'file', problem: files.error } };
  const kept = (await dependsOnUs(folder)) ? ['package.json'] : [];
  const wanted = [...files.value].filter(([path]) => !kept.includes(path));
  const paths = [...new Set(wanted.flatMap(([path]) => inTheWay(folder, path)))];
  if (paths.length > 0) return { ok: false, error: { kind: 'in-the-way', paths } };
  const written: string[] = [];
  const folders: string[] = [];
  for (const [path, content] of wanted) {
    const place = join(folder, path);
    try {
      const made = makeFolder(dirname(place));
      if (made !== undefined) folders.push(made);
      await realDisk.create(place, content);
      written.push(path);
    } catch (error) {
      for (const done of written) await realDisk.remove(join(folder, done));
      for (const made of folders) await realDisk.remove(made);
      return { ok: false, error: { kind: 'file', problem: fileProblem(failedPath(error) ?? place, error) } };
    }
  }
  return { ok: true, value: { folder, written, kept } };
}

/** Path → content. Names that npm takes for its own when it packs a folder stand in the template without their dot. */
async function templateFiles(folder: string): Promise<Result<ReadonlyMap<string, string>, FileProblem>> {
  const template = installedFile('template');
  const entries = await walkTree(template);
  if (!entries.ok) return entries;
  const files = new Map<string, string>();
  for (const { kind, path } of entries.value) {
    if (kind !== 'file') continue;
    const text = await readFile(join(template, path), 'utf8');
    if (path === 'package.json') files.set(path, packageJson(folder, JSON.parse(text)));
    else files.set(path === 'gitignore' || path === 'npmrc' ? `.${path}` : path, text);
  }
  return { ok: true, value: files };
}

function packageJson(folder: string, template: Readonly<Record<string, unknown>>): string {
  const made = {
    ...template,
    name: packageName(folder),
    dependencies: { [manifest.name]: packageReference(folder) },
    allowScripts: manifest.allowScripts,
  };
  return `${JSON.stringify(made, null, 2)}\n`;
}

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

/** What would have to give way to a file: something of its name, or a file where one of its folders would be. */
function inTheWay(folder: string, path: string): readonly string[] {
  for (let above = dirname(path); above !== '.'; above = dirname(above))
    if (isThere(join(folder, above)) && !isFolder(join(folder, above))) return [above];
  return isThere(join(folder, path)) ? [path] : [];
}

/** A link that leads nowhere is there. What cannot be looked at is found out by writing. */
function isThere(place: string): boolean {
  try {
    return lstatSync(place, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

const isFolder = (place: string): boolean =>
  statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
