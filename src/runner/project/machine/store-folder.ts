import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { digestOf } from '../../../files/digest.ts';
import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers.ts';
import { machineFiles } from './machine-files.ts';
import { machineTexts } from './machine-texts.ts';

/**
 * The folder of a project's rows and lock, absolute: its `cache`, or, where a machine file names a `store`, a
 * folder below that for this project alone.
 */
export async function storeFolder(
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
  home = environment['HOME'] ?? homedir(),
): Promise<Result<string, Problem>> {
  const texts = machineTexts(root, environment, home);
  const cache = join(root, 'cache');
  // Most name none: then a run with nothing to do need not load what reads YAML.
  if (!texts.some(({ text }) => text.ok && text.value.includes('store'))) return { ok: true, value: cache };
  const files = await machineFiles(root, environment, home);
  if (!files.ok) return files;
  const store = files.value.find((file) => file.store !== undefined)?.store;
  return { ok: true, value: store === undefined ? cache : join(expanded(store, home), folderName(root)) };
}

const expanded = (folder: string, home: string): string =>
  folder.startsWith('~/') ? join(home, folder.slice(2)) : folder;

/** Two projects never share rows: those of another clone are about other files. */
const folderName = (root: string): string => `${basename(root)}-${digestOf(root).slice(0, 12)}`;
