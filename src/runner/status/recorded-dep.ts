import { basename } from 'node:path';
import type { Diagnostic } from '../diagnostic.ts';
import type { Content } from '../manifest/manifest.ts';
import type { Instance, Plan } from '../plan/instance.ts';
import { lastResult } from '../store/last-results.ts';
import type { Store } from '../store/database/open-store.ts';
import { placeOf, type ProjectFiles } from '../workspace/workspace.ts';

/**
 * What a dep on a path held when the last result of its instance was made: raw data need not be on every
 * machine. Where nothing may be there, that counts.
 */
export function recordedDep(
  store: Store,
  pipeline: string,
  { id, deps }: Instance,
  name: string,
): Content | undefined {
  const [dep, recorded] = [deps[name], lastResult(store, pipeline, id)?.manifest.deps[name]];
  return dep?.kind === 'path' &&
    dep.optional !== true &&
    recorded?.kind === 'content' &&
    recorded.name === basename(dep.path)
    ? recorded.content
    : undefined;
}

/** A warning for each dep that is not here and that a run with `--allow-missing` takes for what it was. */
export function uncheckedDeps(
  {
    workspace,
    store,
    plan,
  }: { readonly workspace: ProjectFiles; readonly store: Store; readonly plan: Plan },
  instances: readonly Instance[],
): readonly Diagnostic[] {
  const warnings = new Map<string, Diagnostic>();
  for (const instance of instances)
    for (const [name, dep] of Object.entries(instance.deps)) {
      if (dep.kind !== 'path' || workspace.disk.stat(placeOf(workspace, dep.path)) !== undefined) continue;
      if (recordedDep(store, plan.pipeline, instance, name) === undefined) continue;
      warnings.set(dep.path, {
        severity: 'warning',
        code: 'not-checked',
        message: `${dep.path} is not here: it counts as it did in the last results`,
        at: dep.at,
      });
    }
  return [...warnings.values()];
}
