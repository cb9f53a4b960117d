import { elementCount } from '../element-count.ts';
import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { type LazyTensors, loadFloat32 } from '../checkpoint/lazy-tensor.ts';
import type { Feed, Feeds } from '../model/packed-rows.ts';
import type { Trained } from './optimizer.ts';

/** The parameters that stay as they are, each in memory of its own. */
export async function loadFrozen(
  tensors: LazyTensors,
  trained: ReadonlyMap<string, unknown>,
): Promise<Result<Feeds, FileProblem>> {
  const frozen: [string, Feed][] = [];
  for (const [name, tensor] of tensors) {
    if (trained.has(name)) continue;
    const data = new Float32Array(elementCount(tensor.shape));
    const loaded = await loadFloat32(tensor, data);
    if (!loaded.ok) return loaded;
    frozen.push([name, { dtype: 'float32', shape: tensor.shape, data }]);
  }
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
