import { basename } from 'node:path';
import type { Diagnostic } from '../../diagnostic.ts';
import type { DependencyDigest } from '../../manifest/manifest.ts';
import { matchesVisible, wildPart } from '../../pipeline-file/glob.ts';
import type { Dependency, Instance, Plan } from '../../plan/instance.ts';
import { lastResult } from '../../store/last-results.ts';
import type { Store } from '../../store/database/open-store.ts';
import { globFiles } from '../../workspace/glob-files.ts';
import { type IgnoreRules, ignoreRules } from '../../workspace/ignore/ignore-rules.ts';
import { placeOf, type ProjectFiles } from '../../workspace/workspace.ts';

/**
 * The content of a dep on a path or a pattern in the last result of its instance: raw data need not be on
 * every machine. An optional dep that was absent counts as absent.
 */
export function recordedDep(
  store: Store,
  pipeline: string,
  { id, deps }: Instance,
  name: string,
): DependencyDigest | undefined {
  const [dep, recorded] = [deps[name], lastResult(store, pipeline, id)?.manifest.deps[name]];
  if ((dep?.kind !== 'path' && dep?.kind !== 'glob') || dep.optional === true) return undefined;
  if (dep.kind === 'path')
    return recorded?.kind === 'content' && recorded.name === basename(dep.path) ? recorded : undefined;
  const rest = wildPart(dep.pattern);
  return recorded?.kind === 'files' && recorded.files.every(({ name: file }) => matchesVisible(rest, file))
    ? recorded
    : undefined;
}

/** A warning for each missing dep for which a run with `--allow-missing` uses the recorded content. */
export function uncheckedDeps(
  {
    workspace,
    store,
    plan,
  }: { readonly workspace: ProjectFiles; readonly store: Store; readonly plan: Plan },
  instances: readonly Instance[],
): readonly Diagnostic[] {
  const warnings = new Map<string, Diagnostic>();
  const rules = ignoreRules(workspace);
  for (const instance of instances)
    for (const [name, dep] of Object.entries(instance.deps)) {
      const lacking = lackingPath(workspace, dep, rules);
      if (lacking === undefined) continue;
      if (recordedDep(store, plan.pipeline, instance, name) === undefined) continue;
      warnings.set(lacking, {
        severity: 'warning',
        code: 'not-checked',
        message: `${lacking} is missing here: its digest from the last result is used`,
        at: dep.at,
      });
    }
  return [...warnings.values()];
}

/** A warning for each optional path that has appeared or disappeared since the last result of an instance. */
export function changedOptionalPaths(
  {
    workspace,
    store,
    plan,
  }: { readonly workspace: ProjectFiles; readonly store: Store; readonly plan: Plan },
  instances: readonly Instance[],
): readonly Diagnostic[] {
  return instances.flatMap((instance) =>
    Object.entries(instance.deps).flatMap(([name, dep]): readonly Diagnostic[] => {
      if (dep.kind !== 'path' || dep.optional !== true) return [];
      const recorded = lastResult(store, plan.pipeline, instance.id)?.manifest.deps[name];
      const isThere = workspace.disk.stat(placeOf(workspace, dep.path)) !== undefined;
      if (recorded === undefined || (recorded.kind !== 'absent') === isThere) return [];
      return [
        {
          severity: 'warning',
          code: 'dep-changed',
          message: isThere
            ? `${dep.path} appeared after ${instance.id} was brought up to date without it`
            : `${dep.path} was removed after ${instance.id} was brought up to date with it`,
          at: dep.at,
          help: 'run again; if a stage writes the file, declare it as an out and read it by `from`',
        },
      ];
    }),
  );
}

/** The path, or the pattern, of a dep where nothing exists. */
function lackingPath(workspace: ProjectFiles, dep: Dependency, rules: IgnoreRules): string | undefined {
  if (dep.kind === 'path')
    return workspace.disk.stat(placeOf(workspace, dep.path)) === undefined ? dep.path : undefined;
  if (dep.kind !== 'glob') return undefined;
  const found = globFiles(workspace, dep.pattern, dep.ignore ? rules : undefined);
  return found.ok && found.value.files.length === 0 ? dep.pattern : undefined;
}
