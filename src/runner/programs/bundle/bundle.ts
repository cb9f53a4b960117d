import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type * as Esbuild from 'esbuild';
import { type Digest, digestOf } from '../../../files/digest.ts';
import type { Result } from '../../../result.ts';
import type { Range } from '../../diagnostic.ts';
import { namesModule } from '../../pipeline-file/names-module.ts';
import { nearest } from '../../pipeline-file/nearest.ts';
import { isSettled } from '../../workspace/stamp.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { installedFor, type OwnerPackage, ownerOf } from '../owner-package.ts';
import { packageModules } from '../package-modules.ts';
import { packageName } from '../package-name.ts';
import { existing, type Resolution, resolutionOf } from './resolution.ts';

/** The code that a stage program can reach, as one file, and where it came from. */
export interface Bundle {
  readonly text: string;
  readonly digest: Digest;
  /**
   * Of places in the text to places in the project's files. Not part of the text, nor of its digest: it
   * changes with every comment.
   */
  readonly map: string;
  /** The files of the project that were read, from its root. */
  readonly inputs: readonly string[];
  readonly resolution: Resolution;
  /** Whether its inputs are certain not to have changed since the bundler read them. */
  readonly wasUnchanged: () => boolean;
  /** Imported and left out: packages, and Node's own modules. */
  readonly external: readonly string[];
  /** The package that it is a module of; undefined: it is a file of the project. */
  readonly owner: OwnerPackage | undefined;
  /** The file that a path or a name resolved to, from the project's root. */
  readonly entry: string;
}

export interface BundleFault {
  readonly message: string;
  /** Where in the code, if it is a place in it. */
  readonly at: Range | undefined;
  /** What to do. */
  readonly help?: string;
  /** The name that was probably meant. */
  readonly suggestion?: string;
}

/**
 * The version whose output is hashed: another one may write other bytes, so it is part of the manifest's
 * format.
 */
export const bundlerVersion = '0.28.2';

/** Bundles stage programs. Comments, formatting and places of files leave no trace in the text. */
export async function bundleAll(
  workspace: Workspace,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Result<Bundle, readonly BundleFault[]>>> {
  return withEsbuild(
    async (esbuild) =>
      new Map(
        await Promise.all(paths.map(async (path) => [path, await bundle(esbuild, workspace, path)] as const)),
      ),
  );
}

let users = 0;

/**
 * esbuild's service process would live as long as the run. It is stopped by its last user: a build that is in
 * progress then would fail.
 */
async function withEsbuild<T>(use: (esbuild: typeof Esbuild) => Promise<T>): Promise<T> {
  const esbuild = await import('esbuild');
  if (esbuild.version !== bundlerVersion)
    throw new Error(`esbuild ${esbuild.version} is installed, expected ${bundlerVersion}: run npm ci`);
  users += 1;
  try {
    return await use(esbuild);
  } finally {
    users -= 1;
    if (users === 0) await esbuild.stop();
  }
}

/** How a program is bundled. Each of these options is in every key: the text that they give is hashed. */
export const bundleOptions = (root: string, path: string) =>
  ({
    absWorkingDir: root,
    entryPoints: [path],
    bundle: true,
    write: false,
    // In the project's root, from where sources are named then.
    outfile: join(root, 'bundle.mjs'),
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    ...(isOfPackage(path) ? { plugins: [importsOutside] } : { packages: 'external' }),
    minifyWhitespace: true,
    legalComments: 'none',
    charset: 'utf8',
    // The `emit` settings of a tsconfig.json must not affect a key.
    tsconfigRaw: '{}',
    logLevel: 'silent',
  }) satisfies Esbuild.BuildOptions;

async function bundle(
  esbuild: typeof Esbuild,
  workspace: Workspace,
  path: string,
): Promise<Result<Bundle, readonly BundleFault[]>> {
  try {
    const began = workspace.now();
    const { outputFiles, metafile } = await esbuild.build(bundleOptions(workspace.root, path));
    const [file, map] = ['.mjs', '.map'].map((ending) =>
      outputFiles.find(({ path: name }) => name.endsWith(ending)),
    );
    if (file === undefined || map === undefined) throw new Error('esbuild wrote no file');
    const resolution = resolutionOf(workspace, path, metafile);
    const inputs = [...Object.keys(metafile.inputs), ...resolution.manifests];
    const wasUnchanged = (): boolean =>
      [...inputs, ...existing(workspace, resolution.alternatives)].every((name) =>
        isUnchangedSince(workspace, name, began),
      );
    return {
      ok: true,
      value: {
        text: file.text,
        digest: digestOf(file.text),
        map: map.text,
        inputs,
        resolution,
        wasUnchanged,
        external: externals(metafile),
        owner: isOfPackage(path) ? ownerOfEntry(workspace, metafile) : undefined,
        entry: entryOf(metafile) ?? path,
      },
    };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    return {
      ok: false,
      error: error.errors.map(({ text, location }) =>
        location === null && namesModule(path) && !path.startsWith('./')
          ? missingModule(workspace, path)
          : { message: text, at: location === null ? undefined : rangeOf(workspace, location) },
      ),
    };
  }
}

/**
 * Whether a path or a name resolves into an installed package: an engine is named by a path ("./…") alone.
 */
const isOfPackage = (path: string): boolean =>
  path.startsWith('./') ? /^\.\/\.\.\/|\/node_modules\//.test(path) : namesModule(path);

/** As `packages: 'external'`, which would leave out an entry that is a module of a package too. */
const importsOutside: Esbuild.Plugin = {
  name: 'imports-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./#]/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path, external: true },
    );
  },
};

function ownerOfEntry(workspace: Workspace, metafile: Esbuild.Metafile): OwnerPackage | undefined {
  const entry = entryOf(metafile);
  return entry === undefined ? undefined : ownerOf(workspace, resolve(workspace.root, entry));
}

function missingModule(workspace: Workspace, module: string): BundleFault {
  const owner = packageName(module);
  const asFile = `to use a stage program of the project, add its extension: ${module}.ts`;
  const folder = installedFor(workspace, workspace.root, owner);
  if (folder === undefined)
    return {
      message: 'no installed package has this module',
      at: undefined,
      help: `npm install ${owner}; ${asFile}`,
    };
  const suggestion = nearest(module.slice(owner.length + 1), packageModules(workspace, folder));
  return {
    message: `the installed package ${owner} has no such module`,
    at: undefined,
    ...(suggestion === undefined ? { help: asFile } : { suggestion: `${owner}/${suggestion}` }),
  };
}

/** Whether a file was last changed so long before a given time that its content has not changed since. */
function isUnchangedSince(workspace: Workspace, path: string, since: bigint): boolean {
  const stats = workspace.disk.stat(join(workspace.root, path));
  return stats === undefined || isSettled(stats, since);
}

const isBuildFailure = (error: unknown): error is Esbuild.BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

/** esbuild counts lines from 1, and in a line bytes of UTF-8. */
function rangeOf(workspace: Workspace, { file, line, column, length }: Esbuild.Location): Range {
  const lines = readFileSync(join(workspace.root, file), 'utf8').split('\n');
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const bytes = Buffer.from(lines[line - 1] ?? '');
  const widthOf = (from: number, to: number): number => bytes.subarray(from, to).toString('utf8').length;
  return { file, offset: before + widthOf(0, column), length: Math.max(1, widthOf(column, column + length)) };
}

const entryOf = ({ outputs }: Esbuild.Metafile): string | undefined =>
  Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? [])[0];

function externals({ outputs }: Esbuild.Metafile): readonly string[] {
  const paths = Object.values(outputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external === true).map(({ path }) => path),
  );
  return [...new Set(paths)].sort();
}
