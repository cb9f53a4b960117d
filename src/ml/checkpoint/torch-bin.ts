import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { elementCount } from '../element-count.ts';
import { itemSize } from './host-tensor.ts';
import type { LazyTensor, LazyTensors } from './lazy-tensor.ts';
import { fileSize, readAt } from './read-at.ts';
import { type Place, refused } from './torch-archive.ts';
import { readTorchLegacy } from './torch-legacy.ts';
import { torchState, type TorchTensor } from './torch-state.ts';
import { readTorchZip } from './torch-zip.ts';
// Indices are in range by construction: shapes and strides were checked against the storage when the file was
// opened.

/**
 * The tensors of a state dict that `torch.save` wrote, in its zip form or the older one, each read on demand.
 * No code of the pickle is executed, and a value that is not a tensor is an error that names it. Tensors that
 * are the same view of the same bytes (tied weights) are the same LazyTensor.
 */
export async function openTorchBin(path: string): Promise<Result<LazyTensors, FileProblem>> {
  const size = await fileSize(path);
  if (!size.ok) return size;
  const first = Buffer.alloc(Math.min(2, size.value));
  const read = await readAt(path, 0, first);
  if (!read.ok) return read;
  const archive = await (first.toString('latin1') === 'PK' ? readTorchZip : readTorchLegacy)(
    path,
    size.value,
  );
  if (!archive.ok) return archive;
  const tensors = torchState(archive.value.state);
  if (!tensors.ok) return refused(path, tensors.error);
  const problem = sharesTooMuch(tensors.value);
  if (problem !== undefined) return refused(path, problem);
  return lazyTensors(path, tensors.value, archive.value.storages);
}

function lazyTensors(
  path: string,
  tensors: ReadonlyMap<string, TorchTensor>,
  storages: ReadonlyMap<string, Place>,
): Result<LazyTensors, FileProblem> {
  const views = new Map<string, LazyTensor>();
  const named = new Map<string, LazyTensor>();
  for (const [name, tensor] of tensors) {
    const { key, count, dtype } = tensor.storage;
    const place = storages.get(key);
    const expected = count * itemSize(dtype);
    if (place?.size !== expected)
      return refused(
        path,
        `the storage of ${JSON.stringify(name)} ` +
          `${place === undefined ? 'is missing' : `has ${place.size} bytes, expected ${expected}`}`,
      );
    const view = viewOf(tensor);
    const lazy = views.get(view) ?? lazyTensor(path, tensor, place.start);
    views.set(view, lazy);
    named.set(name, lazy);
  }
  return { ok: true, value: named };
}

/** The same elements in the same order have the same text. */
const viewOf = ({ storage, offset, shape, strides }: TorchTensor): string =>
  JSON.stringify([storage.key, offset, shape, strides]);

/**
 * How often the elements of a file may be read, each view of them counted once. Fused and transposed weights
 * take two.
 */
const mostReadings = 8;

/**
 * A small file can hold thousands of views of one storage, each of which would be read into memory of its
 * own.
 */
function sharesTooMuch(tensors: ReadonlyMap<string, TorchTensor>): string | undefined {
  const stored = new Map([...tensors.values()].map(({ storage }) => [storage.key, storage]));
  const views = new Map([...tensors.values()].map((tensor) => [viewOf(tensor), tensor]));
  const storedBytes = total([...stored.values()].map(({ count, dtype }) => count * itemSize(dtype)));
  const viewedBytes = total(
    [...views.values()].map(({ shape, storage }) => elementCount(shape) * itemSize(storage.dtype)),
  );
  return viewedBytes > mostReadings * storedBytes
    ? `its tensors are ${views.size} views of the same elements: ${viewedBytes} bytes of ${storedBytes}, ` +
        `at most ${mostReadings} times as many are read; save copies of them (torch.Tensor.clone)`
    : undefined;
}

const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

function lazyTensor(path: string, tensor: TorchTensor, start: number): LazyTensor {
  const {
    storage: { dtype },
    shape,
    offset,
  } = tensor;
  const from = start + offset * itemSize(dtype);
  const readInto = isContiguous(tensor)
    ? (bytes: Uint8Array) => readAt(path, from, bytes)
    : (bytes: Uint8Array) => readStrided(path, from, tensor, bytes);
  return { dtype, shape, readInto };
}

/**
 * Whether elements follow each other in row-major order. The stride of an axis of one element is never taken.
 */
function isContiguous({ shape, strides }: TorchTensor): boolean {
  return (
    shape.every((size, axis) => size === 1 || strides[axis] === elementCount(shape.slice(axis + 1))) ||
    shape.includes(0)
  );
}

/** Reads what lies between the first and the last element, and picks those that belong to the tensor. */
async function readStrided(
  path: string,
  from: number,
  { storage: { dtype }, shape, strides }: TorchTensor,
  bytes: Uint8Array,
): Promise<Result<void, FileProblem>> {
  const size = itemSize(dtype);
  const span = shape.reduce((last, length, axis) => last + (length - 1) * (strides[axis] as number), 0) + 1;
  const source = new Uint8Array(span * size);
  const read = await readAt(path, from, source);
  if (!read.ok) return read;
  const index = shape.map(() => 0);
  let element = 0;
  for (let at = 0; at < bytes.length; at += size) {
    for (let byte = 0; byte < size; byte++) bytes[at + byte] = source[element * size + byte] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] as number) + 1;
      element += strides[axis] as number;
      if (next < (shape[axis] as number)) {
        index[axis] = next;
        break;
      }
      index[axis] = 0;
      element -= next * (strides[axis] as number);
    }
  }
  return read;
}
