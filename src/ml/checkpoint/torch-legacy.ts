import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { itemSize } from './host-tensor.ts';
import { readAt } from './read-at.ts';
import { maxPickleBytes, type Place, refused, type TorchArchive } from './torch-archive.ts';
import { isTorchName, torchState } from './torch-state.ts';
import { type Pickled, unpickle } from './unpickle.ts';

/**
 * A file that torch wrote before 1.6: pickles of a magic number, a version, facts of the machine, the state
 * dict and the list of the storages' keys; then, in the order of that list, a storage's count in 8 bytes and
 * its elements.
 */
export async function readTorchLegacy(
  path: string,
  size: number,
): Promise<Result<TorchArchive, FileProblem>> {
  const head = Buffer.alloc(Math.min(size, maxPickleBytes));
  const read = await readAt(path, 0, head);
  if (!read.ok) return read;
  const pickles: Pickled[] = [];
  let at = 0;
  while (pickles.length < 5) {
    const pickle = unpickle(head, isTorchName, at);
    if (pickles.length === 0 && !(pickle.ok && pickle.value.value === magic))
      return refused(path, "it starts with neither torch's magic number nor that of a zip archive");
    if (!pickle.ok) return refused(path, pickle.error);
    pickles.push(pickle.value.value);
    at = pickle.value.end;
  }
  const [, , machine, state = null, keys = null] = pickles;
  if (!isLittleEndian(machine)) return refused(path, 'it was not written on a little-endian machine');
  const storages = await storagePlaces(path, size, at, keys, elementSizes(state));
  return storages.ok ? { ok: true, value: { state, storages: storages.value } } : storages;
}

const magic = 0x1950a86a20f9469cfc6cn;

function isLittleEndian(machine: Pickled | undefined): boolean {
  return (
    typeof machine === 'object' &&
    machine !== null &&
    machine.kind === 'dict' &&
    machine.entries.get('little_endian') === true
  );
}

/** Bytes of an element, by the key of its storage: the storages themselves do not store their type. */
function elementSizes(state: Pickled): ReadonlyMap<string, number> {
  const tensors = torchState(state);
  return new Map(
    tensors.ok
      ? [...tensors.value.values()].map(({ storage }) => [storage.key, itemSize(storage.dtype)])
      : [],
  );
}

async function storagePlaces(
  path: string,
  size: number,
  start: number,
  keys: Pickled,
  sizes: ReadonlyMap<string, number>,
): Promise<Result<ReadonlyMap<string, Place>, FileProblem>> {
  if (typeof keys !== 'object' || keys?.kind !== 'list') return refused(path, 'it has no list of storages');
  const places = new Map<string, Place>();
  let at = start;
  for (const key of keys.items) {
    const bytes = typeof key === 'string' ? sizes.get(key) : undefined;
    if (typeof key !== 'string' || bytes === undefined)
      return refused(path, 'it has a storage that no tensor uses');
    const count = Buffer.alloc(8);
    const read = await readAt(path, at, count);
    if (!read.ok) return read;
    const place = { start: at + 8, size: Number(count.readBigUInt64LE()) * bytes };
    at = place.start + place.size;
    if (at > size)
      return refused(
        path,
        `storage ${key} would end at byte ${at} of ${size}: the file is truncated or damaged`,
      );
    places.set(key, place);
  }
  return { ok: true, value: places };
}
