import { basename, dirname, join } from 'node:path';
import { nearest } from '../pipeline-file/nearest.ts';
import { placeOf, type ProjectFiles } from './workspace.ts';

/** The existing path that is most similar to a missing one, folder by folder. */
export function nearestPath(workspace: ProjectFiles, path: string): string | undefined {
  const isFolder = (folder: string): boolean =>
    workspace.disk.stat(placeOf(workspace, folder))?.isDirectory() === true;
  const folder =
    isFolder(dirname(path)) || dirname(path) === path ? dirname(path) : nearestPath(workspace, dirname(path));
  if (folder === undefined || !isFolder(folder)) return undefined;
  const wanted = join(folder, basename(path));
  const known = workspace.disk.list(placeOf(workspace, folder)).map((name) => join(folder, name));
  return known.includes(wanted) ? wanted : nearest(wanted, known);
}
