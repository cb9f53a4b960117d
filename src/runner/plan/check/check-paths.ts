import type { Range, Report } from '../../diagnostic.ts';
import { escapedPath, fixedPart, isGlob, unescapedPath, wildPart } from '../../pipeline-file/glob.ts';
import { namesModule } from '../../pipeline-file/names-module.ts';
import { foldedPath } from '../../pipeline-file/project-path.ts';
import type { GlobDependency, Instance } from '../instance.ts';
import { checkPatterns, globsOf, type PatternRead, patternsOf } from './check-patterns.ts';

/**
 * Paths that get in each other's way: outs that overlap, a dep on a path that another instance writes, an out
 * over a program or the pipeline file. Names are compared as file systems do that ignore case. One sort, then
 * one pass.
 */
export function checkPaths(instances: readonly Instance[], file: string, report: Report): void {
  const claims = instances.flatMap((instance) => claimsOf(instance, report));
  claims.push({ kind: 'read', path: file, what: 'the pipeline file', at: undefined });
  reportOverlaps(claims, report);
  checkPatterns(instances.flatMap(patternsOf), instances, report);
}

/**
 * Deps and code that symbolic links lead to other places than their paths say, `realPath` from the project
 * root: an out that another instance writes there is theirs to read by `from` alone. (No out is written
 * through a link.) `filesOf`: what a pattern matches.
 */
export function checkReadsThroughLinks(
  instances: readonly Instance[],
  readers: readonly Instance[],
  { realPath, filesOf }: LinkTargets,
  report: Report,
): void {
  const moved = readers.flatMap((instance) =>
    [...readsOf(instance, true), ...matchedBy(instance, filesOf)].flatMap((claim): readonly Claim[] => {
      const path = realPath(claim.path);
      return path === undefined || path === claim.path
        ? []
        : [{ ...claim, path, what: leading(claim, path) }];
    }),
  );
  if (moved.length > 0) reportOverlaps([...instances.flatMap(writesOf), ...moved], report);
  checkPatterns(
    readers.flatMap((instance) => movedPatterns(instance, realPath)),
    instances,
    report,
  );
}

interface LinkTargets {
  readonly realPath: (path: string) => string | undefined;
  readonly filesOf: (dep: GlobDependency) => readonly string[];
}

const leading = ({ path, what }: Pick<Claim, 'path' | 'what'>, real: string): string =>
  `${what} (${JSON.stringify(path)}, which leads to ${JSON.stringify(real)})`;

/** What the patterns of an instance match now. */
const matchedBy = (instance: Instance, filesOf: LinkTargets['filesOf']): readonly Claim[] =>
  globsOf(instance).flatMap(({ dep, what }) =>
    filesOf(dep).map((path): Claim => ({ kind: 'read', path, what, at: dep.at })),
  );

/** Patterns below a link into the project: files created there later may match. */
const movedPatterns = (instance: Instance, realPath: LinkTargets['realPath']): readonly PatternRead[] =>
  globsOf(instance).flatMap(({ dep, what }): readonly PatternRead[] => {
    const base = fixedPart(dep.pattern);
    const real = base === '' ? base : realPath(base);
    if (real === undefined || real === base) return [];
    const path = `${escapedPath(real)}/${wildPart(dep.pattern)}`;
    return [{ path, what: leading({ path: base, what }, real), at: dep.at }];
  });

function reportOverlaps(claims: readonly Claim[], report: Report): void {
  const sorted = claims
    .map((claim) => ({ claim, key: `${foldedPath(claim.path).replaceAll('/', '\0')}\0` }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  // The claims whose paths hold the present one, outermost first: who is outside of the last is outside of
  // those before.
  const around: typeof sorted = [];
  for (const entry of sorted) {
    while (around.length > 0 && !entry.key.startsWith(around.at(-1)?.key ?? '')) around.pop();
    const other = around.find(({ claim }) => inTheWay(claim, entry.claim));
    if (other !== undefined) reportOverlap(other.claim, entry.claim, report);
    // Of claims of one kind on the same path, only the first is kept.
    if (!around.some(({ key, claim }) => key === entry.key && claim.kind === entry.claim.kind))
      around.push(entry);
  }
}

interface Claim {
  readonly kind: 'read' | 'write';
  readonly path: string;
  readonly what: string;
  readonly at: Range | undefined;
  /** For a write: how a dep on it is written. */
  readonly dep?: string;
}

function claimsOf(instance: Instance, report: Report): readonly Claim[] {
  for (const { path, workspace, at } of Object.values(instance.outs)) {
    const root = foldedPath(path.split('/')[0] ?? '');
    if (workspace && reserved.includes(root))
      report({
        severity: 'error',
        code: 'reserved-path',
        message: `${JSON.stringify(path)}: stages cannot write to ${root}`,
        at,
        help: 'without `workspace: true` the path is inside the folder of the instance',
      });
  }
  return [...writesOf(instance), ...readsOf(instance, false)];
}

const writesOf = (instance: Instance): readonly Claim[] =>
  Object.entries(instance.outs).map(([name, { path, at }]) => ({
    kind: 'write',
    path,
    what: `the out ${name} of ${instance.id}`,
    at,
    dep: `{ from: ${instance.stage}, out: ${name} }`,
  }));

/** What lies outside the project by its text may lead into it all the same. */
function readsOf(instance: Instance, withExternal: boolean): readonly Claim[] {
  const reads = Object.entries(instance.deps).flatMap(([name, dep]): readonly Claim[] =>
    dep.kind === 'path' && (withExternal || !dep.external)
      ? [{ kind: 'read', path: dep.path, what: `the dep ${name} of ${instance.id}`, at: dep.at }]
      : [],
  );
  return [...reads, ...programPaths(instance)];
}

/** Where the runner keeps outs, results and the commits of models, and what other tools keep. */
const reserved = ['artifacts', 'cache', '.git', 'node_modules', 'pipeline.lock'];

function programPaths({ program, id }: Instance): readonly Claim[] {
  const paths =
    program.kind === 'uses'
      ? [{ value: program.path, at: program.at }].filter(({ value }) => !namesModule(value))
      : program.code.flatMap(({ value, at }) => (isGlob(value) ? [] : [{ value: unescapedPath(value), at }]));
  return paths.map(({ value, at }) => ({ kind: 'read', path: value, what: `the code of ${id}`, at }));
}

/** Two readers of a path are fine; any other pair is not. */
const inTheWay = (outer: Claim, inner: Claim): boolean => outer.kind === 'write' || inner.kind === 'write';

function reportOverlap(outer: Claim, inner: Claim, report: Report): void {
  // The fault is the reader's, who can name the out; the pipeline file has no place in itself.
  const [main, other] =
    inner.at === undefined || (outer.kind === 'read' && outer.at !== undefined)
      ? [outer, inner]
      : [inner, outer];
  const where =
    foldedPath(outer.path) === foldedPath(inner.path)
      ? 'the same path'
      : `${JSON.stringify(inner.path)} lies in ${JSON.stringify(outer.path)}`;
  const writer = main.kind === 'read' ? other : main;
  const joins = writer.dep !== undefined && (main.kind === 'read' || other.kind === 'read');
  report({
    severity: 'error',
    code: 'overlap',
    message: `${main.what} and ${other.what} overlap: ${where}`,
    ...(main.at === undefined ? {} : { at: main.at }),
    ...(joins ? { help: `to read what another stage writes, use the dep ${writer.dep}` } : {}),
    notes: other.at === undefined ? [] : [{ message: `${other.what} is declared here`, at: other.at }],
  });
}
