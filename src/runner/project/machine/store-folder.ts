import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { digestOf } from '../../../files/digest.ts';
import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Diagnostic, Located } from '../../diagnostic.ts';
import { invalid } from '../planning/invalid.ts';
import { machineFiles } from './machine-files.ts';
import { type MachineText, machineTexts } from './machine-texts.ts';

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
  // Most name none: then a run with nothing to do need not load the YAML parser.
  if (!texts.some(({ text }) => text.ok && text.value.includes('store'))) return { ok: true, value: cache };
  const files = await machineFiles(texts);
  if (!files.ok) return files;
  const store = files.value.find((file) => file.store !== undefined)?.store;
  if (store === undefined) return { ok: true, value: cache };
  const folder = expanded(store.value, home);
  return isWithin(root, folder)
    ? invalid([insideProject(store)], sourcesOf(texts))
    : { ok: true, value: join(folder, folderName(root)) };
}

const insideProject = ({ value, at }: Located<string>): Diagnostic => ({
  severity: 'error',
  code: 'bad-path',
  message: `${value} is inside the project, whose own files are what stages read`,
  at,
  help: 'name a folder on a local disk outside of it, or remove "store" to keep the database in cache',
});

const isWithin = (root: string, folder: string): boolean => `${resolve(folder)}/`.startsWith(`${root}/`);

const sourcesOf = (texts: readonly MachineText[]): ReadonlyMap<string, string> =>
  new Map(texts.flatMap(({ name, text }) => (text.ok ? [[name, text.value] as const] : [])));

const expanded = (folder: string, home: string): string =>
  folder.startsWith('~/') ? join(home, folder.slice(2)) : folder;

/** Two projects never share rows: those of another clone are about other files. */
const folderName = (root: string): string => `${basename(root)}-${digestOf(root).slice(0, 12)}`;
