import { extname } from 'node:path';
import { escapedPath, isGlob, matchesPart } from '../pipeline-file/glob.ts';
import { nearest } from '../pipeline-file/nearest.ts';
import { globFiles } from './glob-files.ts';
import type { ProjectFiles } from './workspace.ts';

/** The pattern with another last part that matches files, if one is like a pattern that matches none. */
export function nearestPattern(workspace: ProjectFiles, pattern: string): string | undefined {
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
