import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

/** The programs as `prepare` builds them, from the sources as they are now, once for each test file. */
export interface Programs {
  readonly main: string;
  readonly supervisor: string;
  readonly stageChild: string;
  readonly crashAt: string;
}

let built: Promise<Programs> | undefined;

export function programs(): Promise<Programs> {
  built ??= buildPrograms();
  return built;
}

async function buildPrograms(): Promise<Programs> {
  // Below node_modules, so that what stays outside the bundles is found.
  const outdir = join(root, 'node_modules/.cache', `pipeline-rig-${process.pid}`);
  mkdirSync(outdir, { recursive: true });
  process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
  await build({
    absWorkingDir: root,
    entryPoints: {
      main: 'src/cli/main.ts',
      supervisor: 'src/runner/executors/supervisor.ts',
      'stage-child': 'src/stage/child.ts',
      'crash-at': 'tests/rig/crash-at.ts',
    },
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
    external: [
      'better-sqlite3',
      'esbuild',
      'onnxruntime-node',
      '@tensorflow/*',
      '@huggingface/hub',
      '@node-rs/jieba',
      'chokidar',
      'undici',
    ],
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  return {
    main: join(outdir, 'main.js'),
    supervisor: join(outdir, 'supervisor.js'),
    stageChild: join(outdir, 'stage-child.js'),
    crashAt: join(outdir, 'crash-at.js'),
  };
}
