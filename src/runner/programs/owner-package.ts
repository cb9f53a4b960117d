import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isJsonObject, type Json, type JsonObject } from '../../files/json.ts';
import type { ProjectFiles, Workspace } from '../workspace/workspace.ts';

/** The installed package that a stage program is a module of. */
export interface OwnerPackage {
  readonly name: string;
  /** Absolute, with every link followed. */
  readonly folder: string;
}

/** The package that a file belongs to: the nearest package.json upwards that has a name. */
export function ownerOf({ disk }: ProjectFiles, file: string): OwnerPackage | undefined {
  for (let folder = dirname(disk.realPath(file)); ; folder = dirname(folder)) {
    const name = packageJsonIn(folder)?.['name'];
    if (typeof name === 'string') return { name, folder };
    if (dirname(folder) === folder) return undefined;
  }
}

/**
 * Makes the packages of their owner visible to the programs in a folder of bundles, for any layout of npm: a
 * link for each of the owner's dependencies. From there Node resolves by itself, since it follows links.
 */
export async function linkDependencies(
  { disk }: Workspace,
  { folder: owner }: OwnerPackage,
  bundles: string,
): Promise<void> {
  const modules = join(bundles, 'node_modules');
  for (const name of dependenciesOf(owner)) {
    const link = join(modules, name);
    const target = installedFor({ disk }, owner, name);
    await disk.remove(link);
    if (target === undefined) continue;
    disk.makeFolder(dirname(link));
    disk.makeLink(link, relative(disk.realPath(dirname(link)), disk.realPath(target)));
  }
}

function dependenciesOf(owner: string): readonly string[] {
  const json = packageJsonIn(owner);
  return ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) => {
    const names = json?.[kind];
    return isJsonObject(names) ? Object.keys(names) : [];
  });
}

/** Where Node finds a package that is imported in `folder`. */
export function installedFor(
  { disk }: Pick<ProjectFiles, 'disk'>,
  folder: string,
  name: string,
): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const place = join(above, 'node_modules', name);
    if (disk.stat(place)?.isDirectory() === true) return place;
    if (dirname(above) === above) return undefined;
  }
}

/** The content of a folder's package.json; undefined: it is missing or unreadable. */
export function packageJsonIn(folder: string): JsonObject | undefined {
  try {
    const json: Json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
