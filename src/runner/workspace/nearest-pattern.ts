import { extname } from 'node:path';
import { escapedPath, isGlob, matchesPart, unescapedPath } from '../pipeline-file/glob.ts';
import { nearest } from '../pipeline-file/nearest.ts';
import { globFiles } from './glob-files.ts';
import type { ProjectFiles } from './workspace.ts';

/** The pattern with one other part that matches files, if one is like a pattern that matches none. */
export const nearestPattern = (workspace: ProjectFiles, pattern: string): string | undefined =>
  withOtherEnd(workspace, pattern) ?? withOtherFolder(workspace, pattern);

/** With another name of a folder below a wildcard; behind `**` it is not known which folder a part names. */
function withOtherFolder(workspace: ProjectFiles, pattern: string): string | undefined {
  const parts = pattern.split('/');
  if (parts.includes('**')) return undefined;
  for (let index = parts.findIndex(isGlob) + 1; index < parts.length - 1; index++) {
    const part = parts[index] ?? '';
    if (isGlob(part)) continue;
    const matched = globFiles(workspace, parts.with(index, '*').join('/'), undefined);
    const names = matched.ok ? matched.value.files.map((file) => file.split('/')[index] ?? '') : [];
    const found = nearest(unescapedPath(part), new Set(names));
    if (found !== undefined) return parts.with(index, escapedPath(found)).join('/');
  }
  return undefined;
}

function withOtherEnd(workspace: ProjectFiles, pattern: string): string | undefined {
  const last = pattern.slice(pattern.lastIndexOf('/') + 1);
  const folders = pattern.slice(0, pattern.length - last.length);
  const beside = globFiles(workspace, `${folders}*`, undefined);
  if (!beside.ok) return undefined;
  const names = new Set(beside.value.files.map((file) => file.slice(file.lastIndexOf('/') + 1)));
  const found = nearest(
    last,
    [...names].flatMap((name) => partsLike(last, name)),
  );
  return found === undefined ? undefined : folders + found;
}

/** The parts with the wildcards of this one, and another start or end, that match a name. */
function partsLike(part: string, name: string): readonly string[] {
  if (!isGlob(part)) return [escapedPath(name)];
  const start = /^[^*?[\]]*/.exec(part)?.[0] ?? '';
  const end = /[^*?[\]]*$/.exec(part)?.[0] ?? '';
  const middle = part.slice(start.length, part.length - end.length);
  const starts = [start, escapedPath(name.slice(0, start.length))];
  const ends = [end, escapedPath(name.slice(name.length - end.length)), escapedPath(extname(name))];
  return starts
    .flatMap((first) => ends.map((rest) => first + middle + rest))
    .filter((like) => matchesPart(like, name));
}
