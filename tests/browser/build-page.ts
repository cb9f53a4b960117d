import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { builtPage, pageFiles } from '../../scripts/built-programs.mjs';
import { programs } from '../rig/build-programs.ts';

const root = join(import.meta.dirname, '../..');

/** The page as `npm run build` makes it, where the programs of the tests look for it: that folder. */
export async function buildPage(): Promise<string> {
  const { main } = await programs();
  const folder = join(main, '../ui');
  mkdirSync(folder, { recursive: true });
  await build(builtPage(root, folder));
  for (const name of pageFiles) cpSync(join(root, 'src/ui/page', name), join(folder, name));
  return folder;
}
