import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { type LazyTensors, loadAllFloat32, loadFloat32 } from '../checkpoint/lazy-tensor.ts';
import type { Feed, Feeds } from '../model/packed-rows.ts';
import type { Trained } from './optimizer.ts';

/** The parameters that stay as they are. */
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

/** Fills what is trained: from where it starts, say an adapter, else from the model. */
export async function loadTrained(
  trained: readonly Trained[],
  start: LazyTensors,
  tensors: LazyTensors,
): Promise<Result<void, FileProblem>> {
  for (const { name, parameter } of trained) {
    const stored = start.get(name) ?? tensors.get(name);
    if (stored === undefined) throw new Error(`the model has no tensor "${name}"`);
    const loaded = await loadFloat32(stored, parameter);
    if (!loaded.ok) return loaded;
  }
  return { ok: true, value: undefined };
}
