/**
 * How the three programs of an installation are bundled: by `npm run prepare` into dist, and by the tests.
 * One place, since the bytes of stage-child.js count in the key of every stage program.
 */

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
    // Chunks lie beside main.js, so that code finds its companions by import.meta.url whichever file it lands
    // in.
    main: {
      ...common,
      entryPoints: { main: 'src/cli/main.ts' },
      splitting: true,
      chunkNames: '[name]-[hash]',
      banner: { js: `#!/usr/bin/env node\n${banner}` },
    },
    stageChild: { ...common, entryPoints: { 'stage-child': 'src/stage/child.ts' } },
    supervisor: { ...common, entryPoints: { supervisor: 'src/runner/executors/local/supervisor.ts' } },
  };
}
