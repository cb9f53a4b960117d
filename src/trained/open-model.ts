import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Result } from '../result.ts';
import type { ModelPlace } from '../runner/answers/models.ts';
import { quotedCommand, type TypedPipeline } from '../runner/wording/command-text.ts';

/** The folders of a model, ready to be opened. */
export interface ModelFolders {
  readonly base: string;
  readonly trained: string;
  readonly warnings: readonly string[];
}

/** The folders of a model on this disk; the error names the instances that have to run before. */
export function modelFolders(root: string, place: ModelPlace, typed: TypedPipeline): Result<ModelFolders> {
  const run = quotedCommand(typed, 'run', [place.instance]);
  const trained = resolve(root, place.folder);
  if (!existsSync(trained))
    return { ok: false, error: `${place.folder} does not exist: create it with ${run}` };
  const isAdapter = existsSync(resolve(trained, 'adapter_config.json'));
  const base = place.base === undefined ? undefined : resolve(root, place.base);
  if (isAdapter && (base === undefined || !existsSync(base)))
    return {
      ok: false,
      error:
        place.baseName === undefined
          ? `${place.folder} is an adapter, and ${place.instance} has no dep "base"`
          : `the base model ${place.baseName} is not here: fetch it with ${run}`,
    };
  return {
    ok: true,
    value: {
      trained,
      // A whole model has its own tokenizer where its base is gone.
      base: base !== undefined && existsSync(base) ? base : trained,
      warnings:
        place.state === 'up-to-date'
          ? []
          : [
              `${place.instance} is ${place.state.replaceAll('-', ' ')}: ${place.folder} is used ` +
                `anyway (update it with ${run})`,
            ],
    },
  };
}
