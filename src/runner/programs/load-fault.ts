import { existsSync } from 'node:fs';
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
    help: (await isNamed(root, name))
      ? 'npm install'
      : isAlias(root, name)
        ? aliasHelp
        : `npm install ${name}`,
  };
}

/** Whether a name is one that `paths` or `baseUrl` of a tsconfig.json gives a module of the project. */
const isAlias = (root: string, name: string): boolean =>
  /^(~|@$|@\/)/.test(name) || existsSync(join(root, name));

const aliasHelp =
  'import a module of the project by a relative path, or by a name that starts with "#" in "imports" of ' +
  'package.json: paths of a tsconfig.json do not apply';

async function isNamed(root: string, name: string): Promise<boolean> {
  const manifest = await readJson(join(root, 'package.json'));
  if (!manifest.ok || !isJsonObject(manifest.value)) return false;
  const { dependencies, devDependencies, optionalDependencies } = manifest.value;
  return [dependencies, devDependencies, optionalDependencies].some(
    (names) => isJsonObject(names) && Object.hasOwn(names, name),
  );
}
