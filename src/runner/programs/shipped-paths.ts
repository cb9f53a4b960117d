import { isJsonObject, type Json } from '../../files/json.ts';
import { matchesWildcards } from '../pipeline-file/glob.ts';

/**
 * Which paths of a package count, from its folder, by what its package.json says that it ships (`files`), the
 * folders that lead there included; undefined: all, since it says nothing, or it can be entered where it
 * ships nothing. What
 * `files` takes out again ("!name") counts: rather too much than too little.
 */
export function shippedPaths(packageJson: Json | undefined): ((path: string) => boolean) | undefined {
  if (!isJsonObject(packageJson)) return undefined;
  const { files, exports, imports } = packageJson;
  // Without `exports` every file can be imported.
  if (!Array.isArray(files) || exports === undefined || exports === null) return undefined;
  const shipped = ['package.json', ...files.map(String).filter((pattern) => !pattern.startsWith('!'))].map(
    partsOf,
  );
  const isPlain = shipped.every(
    (pattern) => pattern.length > 0 && pattern.every((part) => !/[{}()[\]\\!+@]/.test(part)),
  );
  if (
    !isPlain ||
    ![...textsIn(exports), ...textsIn(imports)]
      .filter((target) => target.startsWith('.'))
      .every((target) => isWithin(shipped, target))
  )
    return undefined;
  return (path) => shipped.some((pattern) => agrees(pattern, partsOf(path)));
}

/** npm ignores case, and matches a pattern without a "/" at any depth. */
function partsOf(text: string): readonly string[] {
  const parts = text
    .toLowerCase()
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  return text.includes('*') && !text.includes('/') ? ['**', ...parts] : parts;
}

/** As far as both go. */
function agrees(pattern: readonly string[], path: readonly string[]): boolean {
  for (const [index, part] of pattern.entries()) {
    const name = path[index];
    if (part === '**' || name === undefined) return true;
    if (!matchesWildcards(part, name)) return false;
  }
  return true;
}

const isWithin = (shipped: readonly (readonly string[])[], target: string): boolean => {
  const path = partsOf(target);
  return shipped.some((pattern) => pattern.length <= path.length && agrees(pattern, path));
};

function textsIn(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
