import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { elementCount } from '../element-count.ts';
import { bytesOf, type HostDType, type HostTensor, zeros } from './host-tensor.ts';
import { toFloat32 } from './to-float32.ts';

/** A tensor with known type and shape whose elements are read on demand. */
export interface LazyTensor {
  readonly dtype: HostDType;
  readonly shape: readonly number[];
  /** Fills `bytes`, as many as the tensor has, with its elements: little-endian, row-major. */
  readonly readInto: (bytes: Uint8Array) => Promise<Result<void, FileProblem>>;
  /** Its elements in memory that is not the caller's: they are valid until another tensor is read. */
  readonly lent?: () => Promise<Result<Uint8Array, FileProblem>>;
}

export type LazyTensors = ReadonlyMap<string, LazyTensor>;

/** Fetches a tensor into memory of its own. */
export async function load(tensor: LazyTensor): Promise<Result<HostTensor, FileProblem>> {
  const host = zeros(tensor.dtype, tensor.shape);
  const filled = await tensor.readInto(bytesOf(host));
  return filled.ok ? { ok: true, value: host } : filled;
}

/**
 * Fetches a tensor as float32 into `into`, which has as many elements as the tensor: the caller's memory,
 * such as a WebAssembly.Memory. A tensor stored as float32 is read directly into it.
 */
export async function loadFloat32(
  tensor: LazyTensor,
  into: Float32Array,
): Promise<Result<void, FileProblem>> {
  if (tensor.dtype === 'float32')
    return tensor.readInto(new Uint8Array(into.buffer, into.byteOffset, into.byteLength));
  const host = await load(tensor);
  if (!host.ok) return host;
  toFloat32(host.value, into);
  return { ok: true, value: undefined };
}

/**
 * Fetches tensors as float32, regardless of their stored type. Names of one tensor (tied weights) share its
 * memory.
 */
export async function loadAllFloat32(
  tensors: LazyTensors,
): Promise<Result<ReadonlyMap<string, Float32Array>, FileProblem>> {
  const loaded = new Map<string, Float32Array>();
  const read = new Map<LazyTensor, Float32Array>();
  for (const [name, tensor] of tensors) {
    const known = read.get(tensor);
    if (known !== undefined) {
      loaded.set(name, known);
      continue;
    }
    const data = new Float32Array(elementCount(tensor.shape));
    const filled = await loadFloat32(tensor, data);
    if (!filled.ok) return filled;
    read.set(tensor, data);
    loaded.set(name, data);
  }
  return { ok: true, value: loaded };
}

/** Fetches every tensor; the first that cannot be read is the problem. */
export async function loadAll(
  tensors: LazyTensors,
): Promise<Result<ReadonlyMap<string, HostTensor>, FileProblem>> {
  const loaded = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) {
    const host = await load(tensor);
    if (!host.ok) return host;
    loaded.set(name, host.value);
  }
  return { ok: true, value: loaded };
}

/** In-memory tensors in the form that a writer takes. */
export const fromMemory = (tensors: ReadonlyMap<string, HostTensor>): LazyTensors =>
  new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      lending(tensor, async () => ({ ok: true, value: bytesOf(tensor) })),
    ]),
  );

/** A tensor whose elements are in memory once `lent` is called. */
export const lending = (
  { dtype, shape }: Pick<LazyTensor, 'dtype' | 'shape'>,
  lent: NonNullable<LazyTensor['lent']>,
): LazyTensor => ({
  dtype,
  shape,
  lent,
  async readInto(bytes) {
    const own = await lent();
    if (!own.ok) return own;
    bytes.set(own.value);
    return { ok: true, value: undefined };
  },
});

/** The elements of a tensor, lent or in a copy: valid until another one is read. */
export async function elementsOf(tensor: LazyTensor): Promise<Result<Uint8Array, FileProblem>> {
  if (tensor.lent !== undefined) return tensor.lent();
  const host = await load(tensor);
  return host.ok ? { ok: true, value: bytesOf(host.value) } : host;
}
