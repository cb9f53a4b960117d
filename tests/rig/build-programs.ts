import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { builtPrograms } from '../../scripts/built-programs.mjs';

const root = join(import.meta.dirname, '../..');

/** The programs as `prepare` builds them, from the sources as they are now, once for each test file. */
export interface Programs {
  readonly main: string;
  readonly supervisor: string;
  readonly stageChild: string;
  readonly jobWrapper: string;
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
  const { main, stageChild, supervisor, jobWrapper } = builtPrograms(root, outdir);
  await Promise.all([
    build({
      ...main,
      entryPoints: { 'command-line': 'src/cli/main.ts', 'crash-at': 'tests/rig/crash-at.ts' },
    }),
    build(stageChild),
    build(supervisor),
    build(jobWrapper),
  ]);
  return {
    main: join(outdir, 'main.js'),
    supervisor: join(outdir, 'supervisor.js'),
    stageChild: join(outdir, 'stage-child.js'),
    jobWrapper: join(outdir, 'job-wrapper.js'),
    crashAt: join(outdir, 'crash-at.js'),
  };
}
