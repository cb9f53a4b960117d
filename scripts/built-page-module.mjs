/**
 * Writes src/pages/report/built-page.js: the page as strings, for programs that embed it, such as the stage
 * program `report`. The file is generated from the current sources and rewritten only when its content
 * changes.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { builtPage } from './built-programs.mjs';

export async function writeBuiltPageModule(root) {
  const { outputFiles } = await build({ ...builtPage(root, join(root, 'dist/ui')), write: false });
  const text = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text;
  const icon = await readFile(join(root, 'src/ui/page/icon.svg'), 'utf8');
  const page = { script: text('.js'), style: text('.css'), icon };
  const module = `export const builtPage = ${JSON.stringify(page)};\n`;
  const file = join(root, 'src/pages/report/built-page.js');
  if ((await readFile(file, 'utf8').catch(() => undefined)) === module) return file;
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, module);
  await rename(partial, file);
  return file;
}
