import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { readAt } from './read-at.ts';
import { maxPickleBytes, type Place, refused, type TorchArchive } from './torch-archive.ts';
import { isTorchName } from './torch-state.ts';
import { unpickle } from './unpickle.ts';
import { readZipDirectory } from './zip-directory.ts';

/**
 * A file that torch 1.6 or later wrote: a zip archive of one folder with data.pkl, byteorder, and data/KEY a
 * storage.
 */
export async function readTorchZip(path: string, size: number): Promise<Result<TorchArchive, FileProblem>> {
  const entries = await readZipDirectory(path, size);
  if (!entries.ok) return entries;
  const [name, place] = [...entries.value].find(([entry]) => /^[^/]*\/data\.pkl$/.test(entry)) ?? [];
  if (name === undefined || place === undefined) return refused(path, 'the archive has no data.pkl');
  const root = name.slice(0, -'data.pkl'.length);
  const order = await readEntry(path, entries.value.get(`${root}byteorder`));
  if (!order.ok) return order;
  if (order.value.length > 0 && order.value.toString('latin1') !== 'little')
    return refused(path, 'it was not written on a little-endian machine');
  const bytes = await readEntry(path, place);
  if (!bytes.ok) return bytes;
  const state = unpickle(bytes.value, isTorchName);
  if (!state.ok) return refused(path, state.error);
  const data = `${root}data/`;
  const storages = new Map(
    [...entries.value].flatMap(([entry, at]) =>
      entry.startsWith(data) ? [[entry.slice(data.length), at]] : [],
    ),
  );
  return { ok: true, value: { state: state.value.value, storages } };
}

async function readEntry(
  path: string,
  place: Place = { start: 0, size: 0 },
): Promise<Result<Buffer, FileProblem>> {
  const bytes = Buffer.alloc(Math.min(place.size, maxPickleBytes));
  const read = await readAt(path, place.start, bytes);
  return read.ok ? { ok: true, value: bytes } : read;
}
