import type { ModelPlace } from '../../answers/models.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { evaluatedModels } from '../../plan/evaluated-model.ts';
import { hubName } from '../../wording/hub-name.ts';
import type { Dependency, Instance, Plan } from '../../plan/instance.ts';
import type { Result } from '../../../result.ts';

/**
 * Where the model of an instance is, and what it is used with. `written`: its base as the pipeline file names
 * it.
 */
export function modelPlace(
  plan: Plan,
  instance: Instance,
  state: ModelPlace['state'],
  written: Dependency | undefined,
): Result<ModelPlace, Diagnostic> {
  const outs = Object.values(instance.outs).filter(({ kind }) => kind === 'model');
  const [out] = outs;
  if (out === undefined || outs.length > 1)
    return {
      ok: false,
      error: {
        severity: 'error',
        code: 'no-model',
        message:
          `${instance.id} has ` +
          `${outs.length === 0 ? 'no out' : `${outs.length} outs`} of kind "model", expected one`,
        at: instance.at,
      },
    };
  const modelOf = evaluatedModels(plan);
  const base = instance.deps['base'];
  return {
    ok: true,
    value: {
      instance: instance.id,
      state,
      folder: out.path,
      base: base && folderOf(plan, base),
      baseName: written && nameOf(written),
      params: instance.params,
      evaluations: plan.instances
        .filter(({ id }) => modelOf.get(id) === instance.id)
        .map(({ id, stage, params, outs: made, resources }) => ({
          instance: id,
          stage,
          params,
          isScored: Object.values(made).some(({ kind }) => kind === 'metrics'),
          cpus: resources.cpus,
        })),
    },
  };
}

/** From the project root, or absolute. A model of the hub that is not here has none. */
function folderOf({ instances }: Plan, dependency: Dependency): string | undefined {
  switch (dependency.kind) {
    case 'path':
      return dependency.path;
    case 'out':
      return instances.find(({ id }) => id === dependency.instance)?.outs[dependency.out]?.path;
    case 'hub':
    case 'glob':
    case 'gather':
      return undefined;
  }
}

function nameOf(dependency: Dependency): string {
  switch (dependency.kind) {
    case 'path':
      return dependency.path;
    case 'out':
      return dependency.instance;
    case 'hub':
      return hubName(dependency);
    case 'glob':
      return dependency.pattern;
    case 'gather':
      return 'several models';
  }
}
