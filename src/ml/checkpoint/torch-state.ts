import type { Result } from '../../result.ts';
import { elementCount } from '../element-count.ts';
import { type HostDType, maxTensors } from './host-tensor.ts';
import type { Pickled, PickledCall } from './unpickle.ts';

/** A run of elements in a torch file, by its key: several tensors may be views of one. */
export interface TorchStorage {
  readonly key: string;
  readonly dtype: HostDType;
  /** How many elements it has. */
  readonly count: number;
}

/**
 * A tensor of a torch file: element [i, j] is at offset + i * strides[0] + j * strides[1] of its storage.
 */
export interface TorchTensor {
  readonly storage: TorchStorage;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/**
 * The names that a state dict needs; `collections.OrderedDict` becomes a dict, the others are in calls and
 * references.
 */
export const isTorchName = (name: string): boolean =>
  ['collections.OrderedDict', rebuildTensor, rebuildParameter, ...Object.keys(storageTypes)].includes(name);

/** The tensors of a state dict, by name. Any other value is a problem that names its key. */
export function torchState(pickled: Pickled): Result<ReadonlyMap<string, TorchTensor>> {
  if (!isOf(pickled, 'dict')) return { ok: false, error: 'it holds something that is not a dict of tensors' };
  if (pickled.entries.size > maxTensors)
    return {
      ok: false,
      error: `it lists ${pickled.entries.size} tensors, at most ${maxTensors} are read`,
    };
  const tensors = new Map<string, TorchTensor>();
  for (const [name, value] of pickled.entries) {
    if (typeof name !== 'string') return { ok: false, error: 'it holds a dict whose keys are not strings' };
    const tensor = torchTensor(value);
    if (!tensor.ok) return { ok: false, error: `under ${JSON.stringify(name)} it holds ${tensor.error}` };
    tensors.set(name, tensor.value);
  }
  return { ok: true, value: tensors };
}

/**
 * The storage that a persistent id names: ('storage', its class, its key, the device, its count of elements).
 */
function torchStorage(id: Pickled): Result<TorchStorage> {
  if (!isOf(id, 'tuple')) return { ok: false, error: 'a storage that is not in the form that torch writes' };
  const [tag, type, key, , count, view] = id.items;
  const dtype = isOf(type, 'name')
    ? Object.entries(storageTypes).find(([name]) => name === type.name)?.[1]
    : undefined;
  if (tag !== 'storage' || dtype === undefined || typeof key !== 'string' || !isSize(count))
    return { ok: false, error: 'a storage that is not in the form that torch writes' };
  if (view !== undefined && view !== null)
    return {
      ok: false,
      error: 'a view of a storage, which torch wrote before 0.4: load and save it with a newer torch',
    };
  return { ok: true, value: { key, dtype, count } };
}

const rebuildTensor = 'torch._utils._rebuild_tensor_v2';
const rebuildParameter = 'torch._utils._rebuild_parameter';

const storageTypes = {
  'torch.DoubleStorage': 'float64',
  'torch.FloatStorage': 'float32',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.ShortStorage': 'int16',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'uint8',
  'torch.BoolStorage': 'bool',
} as const satisfies Record<string, HostDType>;

/** A tensor, or a parameter around one: _rebuild_parameter(tensor, requires_grad, hooks). */
function torchTensor(value: Pickled): Result<TorchTensor> {
  const inner = isOf(value, 'call') && value.callee === rebuildParameter ? value.inputs[0] : value;
  return isOf(inner, 'call') && inner.callee === rebuildTensor
    ? rebuilt(inner)
    : { ok: false, error: 'something that is not a tensor' };
}

/** NumPy's limit; torch computes on no more. */
const mostAxes = 64;

/**
 * _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks, metadata): metadata marks a lazy
 * view whose elements are to be negated or conjugated.
 */
function rebuilt({
  inputs: [reference, offset, size, stride, , , metadata],
}: PickledCall): Result<TorchTensor> {
  if (metadata !== undefined && !(isOf(metadata, 'dict') && metadata.entries.size === 0))
    return {
      ok: false,
      error: 'a view that is negated or conjugated: save a copy (torch.Tensor.resolve_neg)',
    };
  if (!isOf(reference, 'reference')) return { ok: false, error: 'a tensor without a storage' };
  const storage = torchStorage(reference.id);
  if (!storage.ok) return storage;
  const [shape, strides] = [sizes(size), sizes(stride)];
  if (!isSize(offset) || shape === undefined || shape.length > mostAxes || strides?.length !== shape.length)
    return { ok: false, error: 'a tensor with inconsistent shape, strides and offset' };
  const last = shape.reduce((index, length, axis) => index + (length - 1) * (strides[axis] ?? 0), offset);
  // A view may repeat elements (stride 0), but a view larger than its storage would only fill the memory.
  if (elementCount(shape) > storage.value.count)
    return {
      ok: false,
      error: `a tensor of shape [${shape.join(', ')}] over a storage of ${storage.value.count} elements`,
    };
  if (elementCount(shape) > 0 && last >= storage.value.count)
    return {
      ok: false,
      error: `a tensor that reaches element ${last} of a storage of ${storage.value.count}`,
    };
  return { ok: true, value: { storage: storage.value, shape, strides, offset } };
}

function sizes(value: Pickled | undefined): readonly number[] | undefined {
  return isOf(value, 'tuple') && value.items.every(isSize) ? value.items : undefined;
}

const isSize = (value: Pickled | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function isOf<K extends string>(
  value: Pickled | undefined,
  kind: K,
): value is Extract<Pickled, { readonly kind: K | 'tuple' | 'list' }> & { readonly kind: K } {
  return typeof value === 'object' && value !== null && value.kind === kind;
}
