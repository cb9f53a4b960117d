/**
 * How the programs and the page of an installation are bundled: by `npm run prepare` into dist, and by
 * the tests. One place, since the bytes of stage-child.js count in the key of every stage program.
 */
import { basename, dirname } from 'node:path';
import { build } from 'esbuild';

/** What stays outside of the bundles: packages with native parts, and those that only some commands load. */
const external = [
  'better-sqlite3',
  'esbuild',
  'onnxruntime-node',
  '@tensorflow/*',
  '@huggingface/hub',
  '@node-rs/jieba',
  'chokidar',
  'undici',
];

/** Bundled CommonJS packages call require for Node's own modules. */
const banner =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/**
 * What stands before the command line, since loading that takes longer than a run that has nothing to do:
 *   main.js   what `pipeline` starts; it loads the command line, but where idle.cjs has done the work
 *   idle.cjs  the part that such a run needs, as one file whose compiled code can be kept
 *             (src/cli/compiled-program.ts). It counts as the chunk that holds the project: what the one
 *             remembers is known to the other.
 */
const beforeCommandLine = (common) => ({
  name: 'before-command-line',
  setup(commandLine) {
    commandLine.onEnd(async ({ metafile, errors }) => {
      if (commandLine.initialOptions.write === false || errors.length > 0) return;
      const [chunk] = Object.entries(metafile.outputs).find(([, { inputs }]) => projectFile in inputs);
      const start = build({
        ...common,
        entryPoints: { main: 'src/cli/start.ts' },
        plugins: [builtCommandLine],
        banner: { js: '#!/usr/bin/env node' },
      });
      const idle = build({
        ...common,
        entryPoints: { idle: 'src/cli/idle-program.ts' },
        format: 'cjs',
        external: external.filter((name) => name !== 'better-sqlite3'),
        plugins: [bundledSqlite, neverIdle],
        outExtension: { '.js': '.cjs' },
        define: { 'import.meta.url': '__url' },
        banner: {
          js: `const __url=require('node:url').pathToFileURL(__dirname+${JSON.stringify(`/${basename(chunk)}`)}).href;`,
        },
      });
      await Promise.all([start, idle]);
    });
  },
});

const projectFile = 'src/runner/project.ts';

const builtCommandLine = {
  name: 'built-command-line',
  setup(start) {
    start.onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: './command-line.js', external: true }));
  },
};

/** What a run with nothing to do never loads: the executors of queues, and what reads machine files. */
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

/** The options of esbuild for each program; `entryPoints` name their sources from the repository root. */
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
  return {
    // Chunks lie beside command-line.js, so that code finds its companions by import.meta.url whichever file
    // it lands in.
    main: {
      ...common,
      entryPoints: { 'command-line': 'src/cli/main.ts' },
      splitting: true,
      metafile: true,
      plugins: [beforeCommandLine(common)],
      chunkNames: '[name]-[hash]',
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

/** What is copied beside them as it is. */
export const pageFiles = ['index.html', 'icon.svg'];
