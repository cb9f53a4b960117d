/**
 * Builds what `npx pipeline` starts: started by `npm ci` through `prepare`, from a fresh clone, with nothing built before.
 * dist/main.js is the command line, dist/stage-child.js the process in which a stage program runs, dist/supervisor.js the
 * small process that ends a stage when the runner is gone. Packages with native parts, and those that only some commands
 * need, stay outside the bundles.
 */
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  external: ['better-sqlite3', 'esbuild', 'onnxruntime-node', '@tensorflow/*', '@huggingface/hub', '@node-rs/jieba', 'chokidar'],
  // Bundled CommonJS packages call require for Node's own modules.
  banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
};

await rm('dist', { recursive: true, force: true });
await Promise.all([
  build({ ...common, entryPoints: { main: 'src/cli/main.ts' }, outdir: 'dist', splitting: true, chunkNames: 'chunks/[name]-[hash]', banner: { js: `#!/usr/bin/env node\n${common.banner.js}` } }),
  build({ ...common, entryPoints: { 'stage-child': 'src/stage/child.ts' }, outdir: 'dist' }),
  build({ ...common, entryPoints: { supervisor: 'src/runner/execute/supervisor.ts' }, outdir: 'dist' }),
]);
await chmod('dist/main.js', 0o755);
