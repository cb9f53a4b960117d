import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Result } from '../result.ts';
import { type Digest, digestOf, parseDigest } from './digest.ts';
import { isJsonObject, jsonIn } from './json.ts';

/** An engine that is not a package of the project but was installed by `pipeline setup`, for all projects. */
export interface InstalledEngine {
  /** Its description: "TensorFlow 2.21.0 (cpu)". */
  readonly version: string;
  /** Whether it can compute on a GPU. */
  readonly gpu: boolean;
  /** Where it lies: a name below the folder of the engine. */
  readonly folder: string;
  /** Every file that computes, by its path in the folder. */
  readonly files: Readonly<Record<string, InstalledFile>>;
}

export interface InstalledFile {
  readonly digest: Digest;
  readonly size: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder of an engine in the cache of the user: `npm ci` empties node_modules, and nothing empties this.
 */
export const engineFolder = (name: string, environment: Environment, home: string): string =>
  resolve(
    environment['XDG_CACHE_HOME']?.trim() || join(home, '.cache'),
    'medical-qa-pipeline',
    'engines',
    name,
  );

/** The file in an engine's folder that names the current version. */
export const installedName = 'installed.json';

/** When each engine of a user was installed: with another text, others may be chosen. */
export function installedText(environment: Environment, home: string): string {
  const all = dirname(engineFolder('any', environment, home));
  const names = existsSync(all) ? readdirSync(all).sort() : [];
  return names
    .map((name) => `${name} ${statSync(join(all, name, installedName), { throwIfNoEntry: false })?.mtimeMs}`)
    .join();
}

/** The installed version; undefined: none. */
export function readInstalled(folder: string): Result<InstalledEngine | undefined> {
  const path = join(folder, installedName);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return { ok: true, value: undefined };
  }
  const installed = parseInstalled(text);
  return installed === undefined
    ? { ok: false, error: `${path} does not describe an installed engine` }
    : { ok: true, value: installed };
}

/** A file that is missing or of another size than when it was installed. */
export const damagedFile = (folder: string, installed: InstalledEngine): string | undefined =>
  Object.entries(installed.files)
    .map(([path, { size }]) => ({ path: join(folder, installed.folder, path), size }))
    .find(({ path, size }) => statSync(path, { throwIfNoEntry: false })?.size !== size)?.path;

/** The value that represents all its files in a key. */
export const identityOf = ({ version, files }: InstalledEngine): string =>
  `${version} ${digestOf(
    Object.entries(files)
      .map(([path, { digest }]) => `${path} ${digest}\n`)
      .sort()
      .join(''),
  )}`;

function parseInstalled(text: string): InstalledEngine | undefined {
  const json = jsonIn(text);
  if (!isJsonObject(json) || !isJsonObject(json['files'])) return undefined;
  const { version, folder } = json;
  const files: Record<string, InstalledFile> = {};
  for (const [path, file] of Object.entries(json['files'])) {
    if (!isJsonObject(file)) return undefined;
    const { digest: hex, size } = file;
    const digest = typeof hex === 'string' ? parseDigest(hex) : undefined;
    if (digest?.ok !== true || typeof size !== 'number') return undefined;
    files[path] = { digest: digest.value, size };
  }
  return typeof version === 'string' && typeof folder === 'string' && /^[\w.-]+$/.test(folder)
    ? { version, gpu: json['gpu'] === true, folder, files }
    : undefined;
}
