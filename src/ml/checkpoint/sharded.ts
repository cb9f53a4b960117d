import { basename, dirname, join } from 'node:path';
import type { FileProblem } from '../../files/file-problem.ts';
import { isJsonObject, type Json, readJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { elementCount } from '../element-count.ts';
import { itemSize } from './host-tensor.ts';
import type { LazyTensor, LazyTensors } from './lazy-tensor.ts';

type Open = (path: string) => Promise<Result<LazyTensors, FileProblem>>;

/** The tensors that an index (`model.safetensors.index.json` and its like) finds in the files beside it. */
export async function openSharded(indexPath: string, open: Open): Promise<Result<LazyTensors, FileProblem>> {
  const index = await readJson(indexPath);
  if (!index.ok) return index;
  const places = weightMap(index.value);
  if (places === undefined)
    return {
      ok: false,
      error: {
        path: indexPath,
        message: 'has no weight_map from names of tensors to names of files in its own folder',
      },
    };
  const shards = new Map<string, LazyTensors>();
  for (const file of new Set(places.values())) {
    const shard = await open(join(dirname(indexPath), file));
    if (!shard.ok)
      return {
        ok: false,
        error: {
          ...shard.error,
          message:
            `${shard.error.message} (one of ${new Set(places.values()).size} files that ` +
            `${basename(indexPath)} names)`,
        },
      };
    shards.set(file, shard.value);
  }
  const tensors = new Map<string, LazyTensor>();
  for (const [name, file] of places) {
    const tensor = shards.get(file)?.get(name);
    if (tensor === undefined)
      return {
        ok: false,
        error: { path: indexPath, message: `says that ${file} holds ${name}, but that file does not` },
      };
    tensors.set(name, tensor);
  }
  return { ok: true, value: tensors };
}

/**
 * Which tensors go together into a file of at most `maxBytes`, taken in their order; one that is larger goes
 * alone. As huggingface_hub splits a state dict, so that the same files come out.
 */
export function planShards(tensors: LazyTensors, maxBytes: number): readonly LazyTensors[] {
  const shards: Map<string, LazyTensor>[] = [];
  let current = new Map<string, LazyTensor>();
  let bytes = 0;
  for (const [name, tensor] of tensors) {
    const size = byteSize(tensor);
    if (size > maxBytes) {
      shards.push(new Map([[name, tensor]]));
      continue;
    }
    if (bytes + size > maxBytes) {
      shards.push(current);
      current = new Map();
      bytes = 0;
    }
    current.set(name, tensor);
    bytes += size;
  }
  return current.size === 0 ? shards : [...shards, current];
}

/** The name of a shard, counted from 0: "model-00001-of-00005.safetensors". */
export const shardName = (shard: number, count: number): string =>
  `model-${fiveDigits(shard + 1)}-of-${fiveDigits(count)}.safetensors`;

/** The index of shards, as transformers saves it. */
export function shardIndex(shards: readonly LazyTensors[]): Json {
  const tensors = shards.flatMap((shard) => [...shard.values()]);
  return {
    metadata: {
      total_parameters: total(tensors.map(({ shape }) => elementCount(shape))),
      total_size: total(tensors.map(byteSize)),
    },
    weight_map: Object.fromEntries(
      shards.flatMap((shard, n) => [...shard.keys()].map((name) => [name, shardName(n, shards.length)])),
    ),
  };
}

/** A file name that leads out of the folder is not taken. */
function weightMap(index: Json): ReadonlyMap<string, string> | undefined {
  const map = isJsonObject(index) ? index['weight_map'] : undefined;
  if (!isJsonObject(map)) return undefined;
  const places = Object.entries(map).flatMap(([name, file]) =>
    typeof file === 'string' && /^[^/\\\0]+$/.test(file) && file !== '..' ? [[name, file] as const] : [],
  );
  return places.length === Object.keys(map).length ? new Map(places) : undefined;
}

const byteSize = ({ dtype, shape }: LazyTensor): number => elementCount(shape) * itemSize(dtype);
const fiveDigits = (count: number): string => String(count).padStart(5, '0');
const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
