/**
 * Builds what `npx pipeline` starts and what other projects import: started by `npm ci` through `prepare`,
 * from a fresh clone, with nothing built before. `node scripts/build.mjs [FOLDER]`; without a folder, dist.
 *   main.js         what `pipeline` starts: the check for nothing to do (idle.cjs), then command-line.cjs
 *   stage-child.js  the process in which a stage program runs
 *   ask-child.js    the process that asks stage programs what they say of themselves
 *   supervisor.js   the small process that ends a stage when the runner is gone
 *   ui/             the page that `pipeline ui` serves
 *   job-wrapper.js  the process that runs a stage as a job of a queue
 *   package/        src/stage, src/ml, src/files and stages as modules with types: the `exports` of package.json
 *   templates/      what `pipeline init` copies
 *   completion/     what `pipeline completion` prints
 *   setup/          what `pipeline setup` runs
 * The folder is replaced when all of it is made: a build that fails leaves the last one.
 */
import { chmod, cp, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { writeBuiltPageModule } from './built-page-module.mjs';
import { builtPage, builtPrograms, pageFiles } from './built-programs.mjs';
import { copyTemplates } from './copy-templates.mjs';

const root = dirname(import.meta.dirname);
const folder = resolve(process.argv[2] ?? join(root, 'dist'));
const partial = `${folder}.partial`;

/** What some of the programs hold: before them. */
const pageModule = await writeBuiltPageModule(root);

await rm(partial, { recursive: true, force: true });
const parts = await Promise.allSettled([
  ...Object.values(builtPrograms(root, partial)).map((options) => build(options)),
  build(builtPage(root, join(partial, 'ui'))),
  ...pageFiles.map((name) => cp(join(root, 'src/ui/page', name), join(partial, 'ui', name))),
  buildPackage(),
  copyTemplates(root, join(partial, 'templates')),
  ...['bash', 'zsh', 'fish'].map((shell) =>
    cp(join(root, `src/cli/completion/pipeline.${shell}`), join(partial, `completion/pipeline.${shell}`)),
  ),
  cp(join(root, 'src/cli/setup/unpack-wheel.py'), join(partial, 'setup/unpack-wheel.py')),
]);
for (const { status, reason } of parts) {
  if (status === 'fulfilled') continue;
  await rm(partial, { recursive: true });
  throw reason;
}
await chmod(join(partial, 'main.js'), 0o755);
await rm(folder, { recursive: true, force: true });
await rename(partial, folder);

/**
 * Without the compiler (`npm ci --omit=dev`), only the command line is built. The script prints that and
 * exits with 0.
 */
async function buildPackage() {
  const compiler = compilerPath();
  if (compiler === undefined)
    return console.warn('typescript is not installed: built without the modules for other projects');
  const config = join(root, 'tsconfig.package.json');
  await execa(process.execPath, [compiler, '--project', config, '--outDir', join(partial, 'package')]);
  for (const file of [pageModule, pageModule.replace(/js$/, 'd.ts')])
    await cp(file, join(partial, 'package', relative(root, file)));
}

function compilerPath() {
  try {
    return fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
  } catch {
    return undefined;
  }
}
