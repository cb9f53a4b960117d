import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { nearest } from '../pipeline-file/nearest.ts';
import { isOverrideName, overrideName } from '../wording/override-name.ts';
import { type WorkspaceDisk, workspaceDisk } from '../workspace/disk/workspace-disk.ts';

/** The location of a project, and the requested pipeline file. */
export interface ProjectPlace {
  /** Absolute, every link followed. */
  readonly root: string;
  /** From the root. */
  readonly file: string;
  /** The file as the command line names it; undefined: it does not. */
  readonly typed?: string | undefined;
}

interface NoProject {
  readonly message: string;
  /** The pipeline file that was probably intended, as the user would name it. */
  readonly suggestion?: string;
}

/**
 * The project is the nearest folder upwards that holds a pipeline.yaml; a file that is named alone makes its
 * folder one.
 */
export function findProject(folder: string, file: string | undefined): Result<ProjectPlace, NoProject> {
  const start = realpathSync(folder);
  const named = file === undefined ? undefined : resolve(start, file);
  if (named !== undefined && !existsSync(named))
    return { ok: false, error: { message: `${file}: no such file`, ...nearestFile(start, named) } };
  const real = named === undefined ? undefined : join(realpathSync(dirname(named)), basename(named));
  const root =
    nearestRoot(real === undefined ? start : dirname(real)) ??
    (real === undefined ? undefined : dirname(real));
  if (root === undefined)
    return {
      ok: false,
      error: {
        message: existsSync(join(start, 'pipeline.yml'))
          ? `no pipeline.yaml in ${start}, but a pipeline.yml: rename it`
          : `no pipeline.yaml in ${start} or any folder above it (create one with \`pipeline init\`)`,
      },
    };
  return {
    ok: true,
    value: {
      root,
      file: real === undefined ? 'pipeline.yaml' : relative(root, real).split(sep).join('/'),
      typed: file,
    },
  };
}

/** Compares names alone: the folder is the part that is often omitted. */
function nearestFile(start: string, named: string): Pick<NoProject, 'suggestion'> {
  const root = nearestRoot(start);
  const files = new Map(
    (root === undefined ? [] : pipelineFiles(root).map((file) => join(root, file))).map((place) => [
      stemOf(place),
      place,
    ]),
  );
  const wanted = stemOf(named);
  const place = files.get(files.has(wanted) ? wanted : (nearest(wanted, files.keys()) ?? ''));
  return place === undefined ? {} : { suggestion: relative(start, place) };
}

const stemOf = (place: string): string => basename(place, extname(place));

function nearestRoot(folder: string): string | undefined {
  if (existsSync(join(folder, 'pipeline.yaml'))) return folder;
  return dirname(folder) === folder ? undefined : nearestRoot(dirname(folder));
}

/** Every pipeline file of a project, from its root: what `gc` must not take from under them. */
export function pipelineFiles(
  root: string,
  { stat, list }: Pick<WorkspaceDisk, 'stat' | 'list'> = workspaceDisk,
): readonly string[] {
  const experiments = join(root, 'experiments');
  const names =
    stat(experiments)?.isDirectory() === true
      ? list(experiments).filter((name) => /\.ya?ml$/i.test(name))
      : [];
  return ['pipeline.yaml', ...names.map((name) => `experiments/${name}`)].filter(
    (path) => stat(join(root, path)) !== undefined,
  );
}

/** A text of the project; the error is why it cannot be read. */
export function readProjectText(root: string, path: string): Result<string> {
  try {
    const place = join(root, path);
    const stats = statSync(place);
    // To read a pipe waits for its writer, and a device may have no end.
    if (!stats.isFile() && !stats.isDirectory()) return { ok: false, error: 'is not a file' };
    if (stats.size > largest) return { ok: false, error: `is larger than ${largest >> 20} MB` };
    const bytes = readFileSync(place);
    return isUtf8(bytes) ? { ok: true, value: bytes.toString('utf8') } : { ok: false, error: 'is not UTF-8' };
  } catch (error) {
    return { ok: false, error: fileProblem(path, error).message };
  }
}

/** The text that a diagnostic points into: of a file of the project, or of a `--set`. */
export function textNamed(root: string, set: readonly string[], name: string): string | undefined {
  if (isOverrideName(name)) return set.find((_, index) => overrideName(index) === name);
  const text = readProjectText(root, name);
  return text.ok ? text.value : undefined;
}

/** Where a path of the project leads by symbolic links, if that is outside of it. */
export function placeOutside(root: string, path: string): string | undefined {
  const place = join(root, path);
  const real = existsSync(place) ? realpathSync(place) : place;
  return real.startsWith(root.endsWith(sep) ? root : root + sep) ? undefined : real;
}

/** In bytes, of which a character takes four at most: the parser refuses shorter ones. */
const largest = 16 << 20;

/** The path of a file that a diagnostic names; undefined for the text of a `--set`, which is not a file. */
export const placeInProject = (root: string, name: string): string | undefined =>
  isOverrideName(name) ? undefined : join(root, name);
