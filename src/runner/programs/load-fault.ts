import { join } from 'node:path';
import { isJsonObject, readJson } from '../../files/json.ts';
import type { BundleFault } from './bundle/bundle.ts';

/**
 * Why a program could not be loaded, from Node's message: a missing package is named, with how to install it.
 */
export async function loadFault(root: string, message: string): Promise<BundleFault> {
  const name = /Cannot find package '([^']+)'/.exec(message)?.[1];
  if (name === undefined) return { message, at: undefined };
  return {
    message: `it imports the package ${name}, which is not installed`,
    at: undefined,
    help: (await isNamed(root, name)) ? 'npm install' : `npm install ${name}`,
  };
}

async function isNamed(root: string, name: string): Promise<boolean> {
  const manifest = await readJson(join(root, 'package.json'));
  if (!manifest.ok || !isJsonObject(manifest.value)) return false;
  const { dependencies, devDependencies, optionalDependencies } = manifest.value;
  return [dependencies, devDependencies, optionalDependencies].some(
    (names) => isJsonObject(names) && Object.hasOwn(names, name),
  );
}
