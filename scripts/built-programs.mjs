/**
 * How the programs and the page of an installation are bundled: by `npm run prepare` into dist, and by
 * the tests. One place, since the bytes of stage-child.js count in the key of every stage program.
 */
import { dirname } from 'node:path';

/** What stays outside of the bundles: packages with native parts, and those that few commands load. */
const external = [
  'better-sqlite3',
  'esbuild',
  'onnxruntime-node',
  '@tensorflow/*',
  '@huggingface/hub',
  '@node-rs/jieba',
  'undici',
];

/** Bundled CommonJS packages call require for Node's own modules. */
const banner =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/**
 * Modules that a run with nothing to do never loads: the executors of queues, and the reader of machine
 * files.
 */
const neverIdle = {
  name: 'never-idle',
  setup(idle) {
    const files = /\/(remote-executor|slurm-queue|command-queue|machine-file)\.ts$/;
    idle.onResolve({ filter: files }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/** The JavaScript of better-sqlite3 is a dozen files; its native part stays where it is. */
const bundledSqlite = {
  name: 'bundled-sqlite',
  setup(idle) {
    idle.onResolve({ filter: /^better-sqlite3\/build\// }, ({ path }) => ({ path, external: true }));
    idle.onLoad({ filter: /\/load-sqlite\.ts$/ }, ({ path }) => ({
      resolveDir: dirname(path),
      contents: `export const loadSqlite = () => ({
        Database: require('better-sqlite3'),
        nativeBinding: require.resolve('better-sqlite3/build/Release/better_sqlite3.node'),
      });`,
    }));
  },
};

/**
 * The options of esbuild for each program; `entryPoints` name their sources from the repository root.
 *   main              what `pipeline` starts; it loads one of the two below
 *   commandLine       all commands, as one file whose compiled code can be kept (src/cli/compiled-program.ts):
 *                     loading many modules takes longer than most commands
 *   idle              the small part of it that a run with nothing to do needs
 */
export function builtPrograms(root, outdir) {
  const common = {
    absWorkingDir: root,
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
    external,
    banner: { js: banner },
  };
  // Both count as the command line: what the one remembers is known to the other.
  const compiled = {
    ...common,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    // import() does not work in code that was kept: packages are loaded by require().
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__url', 'import.meta.dirname': '__dirname' },
    banner: {
      js: "const __url=require('node:url').pathToFileURL(__dirname+'/command-line.cjs').href;",
    },
  };
  return {
    main: {
      ...common,
      entryPoints: { main: 'src/cli/start.ts' },
      banner: { js: '#!/usr/bin/env node' },
    },
    commandLine: { ...compiled, entryPoints: { 'command-line': 'src/cli/command-line.ts' } },
    idle: {
      ...compiled,
      entryPoints: { idle: 'src/cli/idle-program.ts' },
      external: external.filter((name) => name !== 'better-sqlite3'),
      plugins: [bundledSqlite, neverIdle],
    },
    stageChild: { ...common, entryPoints: { 'stage-child': 'src/stage/child.ts' } },
    supervisor: { ...common, entryPoints: { supervisor: 'src/runner/executors/local/supervisor.ts' } },
    askChild: { ...common, entryPoints: { 'ask-child': 'src/stage/ask-child.ts' } },
    jobWrapper: { ...common, entryPoints: { 'job-wrapper': 'src/runner/executors/remote/job-wrapper.ts' } },
  };
}

/** The options of esbuild for the files of the local page, which browsers load from `pipeline ui`. */
export const builtPage = (root, outdir) => ({
  absWorkingDir: root,
  outdir,
  entryPoints: ['src/ui/page/page.tsx', 'src/ui/page/page.css'],
  bundle: true,
  platform: 'browser',
  target: 'es2022',
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  minify: true,
});

/** Files that are copied beside them unchanged. */
export const pageFiles = ['index.html', 'icon.svg'];
