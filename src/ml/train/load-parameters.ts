import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { type LazyTensors, loadAllFloat32, loadFloat32 } from '../checkpoint/lazy-tensor.ts';
import type { Feed, Feeds } from '../model/packed-rows.ts';

/** The frozen parameters. */
export async function loadFrozen(
  tensors: LazyTensors,
  trained: ReadonlyMap<string, unknown>,
): Promise<Result<Feeds, FileProblem>> {
  const loaded = await loadAllFloat32(new Map([...tensors].filter(([name]) => !trained.has(name))));
  if (!loaded.ok) return loaded;
  const frozen = [...loaded.value].map(([name, data]): readonly [string, Feed] => [
    name,
    { dtype: 'float32', shape: tensors.get(name)?.shape ?? [], data },
  ]);
  return { ok: true, value: Object.fromEntries(frozen) };
}

/** Loads a parameter from the starting point of the training, such as an adapter, else from the model. */
export const parameterLoader =
  (start: LazyTensors, tensors: LazyTensors) =>
  (name: string, into: Float32Array): Promise<Result<void, FileProblem>> => {
    const stored = start.get(name) ?? tensors.get(name);
    if (stored === undefined) throw new Error(`the model has no tensor "${name}"`);
    return loadFloat32(stored, into);
  };
