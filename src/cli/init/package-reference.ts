import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import { isJsonObject, type Json } from '../../files/json.ts';

/**
 * How the package.json of a project in `folder` refers to this package, so that `npm install` there installs
 * the running version: the specifier that npm was given, or a folder of this machine.
 */
export function packageReference(folder: string): string {
  const root = ownRoot();
  if (root === undefined) return manifest.version;
  const modules = dirname(root);
  if (basename(modules) !== 'node_modules') return fileReference(folder, root);
  const record = installRecord(modules, basename(root));
  if (record === undefined) return fileReference(folder, root);
  const { resolved } = record;
  // A package from a registry has no URL there, or one of the form …/name/-/name-1.2.3.tgz.
  if (typeof resolved !== 'string' || /\/-\/[^/]+\.tgz$/.test(resolved)) return manifest.version;
  return resolved.startsWith('file:')
    ? fileReference(folder, resolve(dirname(modules), resolved.slice('file:'.length)))
    : resolved;
}

const fileReference = (folder: string, target: string): string => `file:${relative(resolve(folder), target)}`;

/** The folder of this package; undefined where the built files were carried elsewhere. */
function ownRoot(): string | undefined {
  for (let folder = import.meta.dirname; dirname(folder) !== folder; folder = dirname(folder)) {
    if (nameIn(join(folder, 'package.json')) === manifest.name) return folder;
  }
  return undefined;
}

/** npm's record of what it installed in a node_modules folder. */
function installRecord(modules: string, name: string): Readonly<Record<string, Json>> | undefined {
  const packages = jsonIn(join(modules, '.package-lock.json'))?.['packages'];
  const record = isJsonObject(packages) ? packages[`node_modules/${name}`] : undefined;
  return isJsonObject(record) ? record : undefined;
}

const nameIn = (path: string): Json | undefined => jsonIn(path)?.['name'];

function jsonIn(path: string): Readonly<Record<string, Json>> | undefined {
  if (!existsSync(path)) return undefined;
  const value: Json = JSON.parse(readFileSync(path, 'utf8'));
  return isJsonObject(value) ? value : undefined;
}
