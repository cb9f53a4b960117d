import { basename, dirname, extname, join, relative } from 'node:path';
import type * as Esbuild from 'esbuild';
import { memoize } from '../../../memory.ts';
import { namesModule } from '../../pipeline-file/names-module.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { packageName } from '../package-name.ts';

/** What the names in a program resolved to depends on, beside its modules: paths from the project's root. */
export interface Resolution {
  /** Every package.json that was read. */
  readonly manifests: readonly string[];
  /** Names that would be found before or instead of what was found. */
  readonly alternatives: readonly string[];
  /** Those of all these names that do not exist: what appears at one changes the bundle. */
  readonly absent: readonly string[];
  /** Names that exist, but are not modules → where they lead: a symbolic link may lead elsewhere later. */
  readonly places: Readonly<Record<string, string>>;
  /** Whether modules are imported by a pattern, import(`./parts/${name}.ts`): no name shows that one is new. */
  readonly hasPatterns: boolean;
}

/** How esbuild resolved the names in the program at a path, or in the module of a package. */
export function resolutionOf(workspace: Workspace, path: string, { inputs }: Esbuild.Metafile): Resolution {
  const isThere = presence(workspace);
  const imported = importedNames(inputs);
  const folders = imported.filter((name) => !Object.hasOwn(inputs, name) && isThere(name));
  const manifests = packageManifests(inputs, folders);
  const alternatives = [...new Set(imported.flatMap(candidates))].filter(
    (name) => !Object.hasOwn(inputs, name),
  );
  const tried = [...entryNames(workspace, path), ...alternatives];
  return {
    manifests: manifests.filter(isThere),
    alternatives,
    absent: [...manifests, ...tried].filter((name) => !isThere(name)),
    places: Object.fromEntries(
      tried.filter(isThere).map((name) => [name, realPlace(workspace, name)] as const),
    ),
    hasPatterns: Object.values(inputs).some(({ imports }) =>
      imports.some((each) => each.external === true && /^\.{0,2}\/.*\*/.test(each.path)),
    ),
  };
}

/** Where a name leads once every symbolic link in it is followed; "absent": nowhere. */
export function realPlace({ root, disk }: Workspace, path: string): string {
  try {
    return relative(root, disk.realPath(join(root, path)));
  } catch {
    return 'absent';
  }
}

/** Those of the names that exist now. */
export const existing = (workspace: Workspace, names: readonly string[]): readonly string[] =>
  names.filter(presence(workspace));

/**
 * Tells whether names exist: of the thousands that resolution would try, nearly none does, and a folder's list
 * shows that of all names in it at once.
 */
function presence({ root, disk }: Workspace): (path: string) => boolean {
  const namesIn = memoize((folder: string): ReadonlySet<string> | undefined => {
    if (disk.stat(folder)?.isDirectory() !== true) return new Set();
    try {
      return new Set(disk.list(folder).map(folded));
    } catch {
      return undefined; // a folder whose list may not be read may have files that may be
    }
  });
  return (path) => {
    const place = join(root, path);
    const isListed = namesIn(dirname(place))?.has(folded(basename(place))) ?? true;
    return isListed && disk.stat(place) !== undefined;
  };
}

/** Names that some file system takes for one are equal: those of macOS ignore case and Unicode's forms. */
const folded = (name: string): string => name.normalize().toLowerCase();

/** The file of a program; for a package's module, the package in each folder upwards where Node looks. */
function entryNames({ root, disk }: Workspace, path: string): readonly string[] {
  if (path.startsWith('./') || !namesModule(path)) return [path];
  const names: string[] = [];
  for (let folder = root; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', packageName(path));
    names.push(relative(root, place));
    if (disk.stat(place) !== undefined || dirname(folder) === folder) return names;
  }
}

/**
 * A package.json in any folder on the way to the root: its "type", "imports" and "sideEffects" count. In a
 * folder that is imported, its "main".
 */
function packageManifests(inputs: Esbuild.Metafile['inputs'], folders: readonly string[]): readonly string[] {
  const names = new Set<string>(['package.json', ...folders.map((folder) => join(folder, 'package.json'))]);
  for (const input of Object.keys(inputs)) {
    for (
      let folder = dirname(input);
      folder !== '.' && folder !== '/' && !folder.endsWith('..');
      folder = dirname(folder)
    )
      names.add(join(folder, 'package.json'));
  }
  return [...names];
}

/** The names of imports whose exact name was not found, from the project's root. */
function importedNames(inputs: Esbuild.Metafile['inputs']): readonly string[] {
  const imported = new Set<string>();
  for (const [importer, { imports }] of Object.entries(inputs)) {
    for (const { original } of imports) {
      if (original === undefined || !/^\.{0,2}\//.test(original)) continue;
      const exact = join(dirname(importer), original);
      // A file's exact name is tried first. (".js" is not: it may resolve to TypeScript.)
      if (Object.hasOwn(inputs, exact) && /\.(ts|tsx|mts|cts|json)$/.test(exact)) continue;
      imported.add(exact);
    }
  }
  return [...imported];
}

const extensions = ['.tsx', '.ts', '.jsx', '.js', '.mts', '.mjs', '.cts', '.cjs', '.css', '.json'];

/**
 * What could be found before or instead of what was found: with every extension, and as a folder. More than
 * esbuild looks at: one too many costs a bundling, one too few would run old code.
 */
function candidates(path: string): readonly string[] {
  const stem = path.slice(0, path.length - extname(path).length);
  return [
    path,
    ...extensions.flatMap((extension) => [
      path + extension,
      stem + extension,
      join(path, `index${extension}`),
    ]),
  ];
}
