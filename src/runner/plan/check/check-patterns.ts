import type { Range, Report } from '../../diagnostic.ts';
import { couldReach, fixedPart } from '../../pipeline-file/glob.ts';
import { foldedPath } from '../../pipeline-file/project-path.ts';
import type { GlobDependency, Instance } from '../instance.ts';

/** A pattern that an instance reads by; `path`: its path, with links resolved. */
export interface PatternRead {
  readonly path: string;
  readonly what: string;
  readonly at: Range;
}

/**
 * Outs that a dep by a pattern could match, or that could contain a match: they are to be read by `from`. A
 * pattern shared by many instances is checked once, against the outs at, above or below its fixed part only.
 */
export function checkPatterns(
  patterns: readonly PatternRead[],
  instances: readonly Instance[],
  report: Report,
): void {
  if (patterns.length === 0) return;
  const outs = instances
    .flatMap(({ id, stage, outs: made }) =>
      Object.entries(made).map(([name, { path, at }]) => ({
        id,
        stage,
        name,
        path,
        at,
        key: foldedPath(path),
      })),
    )
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const keys = outs.map(({ key }) => key);
  const seen = new Set<string>();
  for (const { path, what, at } of patterns) {
    if (seen.has(path)) continue;
    seen.add(path);
    const pattern = foldedPath(path);
    const base = fixedPart(pattern);
    // No wildcard enters artifacts by itself.
    const isNear = (key: string): boolean => base !== '' || !key.startsWith('artifacts/');
    const found = [...aboveAndAt(base, keys), ...below(base, keys)]
      .flatMap((index) => outs[index] ?? [])
      .find(({ key }) => isNear(key) && couldReach(pattern, key));
    if (found === undefined) continue;
    report({
      severity: 'error',
      code: 'overlap',
      message:
        `${what} and the out ${found.name} of ${found.id} overlap: ${JSON.stringify(found.path)} can ` +
        `match ${JSON.stringify(path)}`,
      at,
      help: `to read what another stage writes, use the dep { from: ${found.stage}, out: ${found.name} }`,
      notes: [{ message: `the out ${found.name} of ${found.id} is declared here`, at: found.at }],
    });
  }
}

/** The pattern deps of an instance, and what messages call them. */
export const globsOf = ({
  id,
  deps,
}: Instance): readonly { readonly dep: GlobDependency; readonly what: string }[] =>
  Object.entries(deps).flatMap(([name, dep]) =>
    dep.kind === 'glob' ? [{ dep, what: `the dep ${name} of ${id}` }] : [],
  );

/** Those that lie in the project by their text. */
export const patternsOf = (instance: Instance): readonly PatternRead[] =>
  globsOf(instance)
    .filter(({ dep }) => !dep.external)
    .map(({ dep: { pattern, at }, what }) => ({ path: pattern, what, at }));

function* aboveAndAt(base: string, keys: readonly string[]): Generator<number> {
  const parts = base === '' ? [] : base.split('/');
  for (const length of parts.keys()) {
    const path = parts.slice(0, length + 1).join('/');
    for (let index = firstAtLeast(path, keys); keys[index] === path; index++) yield index;
  }
}

function* below(base: string, keys: readonly string[]): Generator<number> {
  const start = base === '' ? '' : `${base}/`;
  for (let index = firstAtLeast(start, keys); keys[index]?.startsWith(start) === true; index++) yield index;
}

/** Binary search: the index of the first sorted key that is not smaller. */
function firstAtLeast(key: string, keys: readonly string[]): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
