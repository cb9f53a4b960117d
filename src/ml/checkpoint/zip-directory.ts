import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { readAt } from './read-at.ts';

/** Where the bytes of a file in an archive are. */
export interface ZipEntry {
  readonly start: number;
  readonly size: number;
}

/**
 * The files of a zip archive with uncompressed entries, as torch writes it (zip64 where it is large):
 * APPNOTE.TXT of PKWARE, 4.3. `size` is the archive's.
 */
export async function readZipDirectory(
  path: string,
  size: number,
): Promise<Result<ReadonlyMap<string, ZipEntry>, FileProblem>> {
  const refused = (message: string) =>
    ({ ok: false, error: { path, message: `is not a zip archive of tensors: ${message}` } }) as const;
  const tail = Buffer.alloc(Math.min(size, endSize + maxComment));
  const read = await readAt(path, size - tail.length, tail);
  if (!read.ok) return read;
  const place = directoryPlace(tail, size);
  if (!place.ok) return refused(place.error);
  const directory = Buffer.alloc(place.value.size);
  const filled = await readAt(path, place.value.start, directory);
  if (!filled.ok) return filled;
  const headers = parseDirectory(directory);
  if (!headers.ok) return refused(headers.error);
  const entries = new Map<string, ZipEntry>();
  for (const { name, header, size: bytes } of headers.value) {
    const local = Buffer.alloc(localSize);
    if (header + localSize > size) return refused(`${name} would start at byte ${header} of ${size}`);
    const known = await readAt(path, header, local);
    if (!known.ok) return known;
    if (local.readUInt32LE(0) !== localSignature)
      return refused(`${name} is not at byte ${header}, where the directory says it is`);
    const start = header + localSize + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (start + bytes > size)
      return refused(
        `${name} would end at byte ${start + bytes} of ${size}: the file is truncated or damaged`,
      );
    entries.set(name, { start, size: bytes });
  }
  return { ok: true, value: entries };
}

interface DirectoryHeader {
  readonly name: string;
  readonly header: number;
  readonly size: number;
}

/** Where the directory is, from the records at the end of the archive; `tail` is its last bytes. */
function directoryPlace(tail: Buffer, size: number): Result<ZipEntry> {
  const end = tail.lastIndexOf(endMark);
  if (end === -1 || end + endSize > tail.length)
    return { ok: false, error: 'it has no end record: it is truncated, or is not a zip archive' };
  const zip64 = end - zip64LocatorSize - zip64EndSize;
  const far = zip64 >= 0 && tail.readUInt32LE(zip64) === zip64EndSignature;
  const bytes = far ? Number(tail.readBigUInt64LE(zip64 + 40)) : tail.readUInt32LE(end + 12);
  const start = far ? Number(tail.readBigUInt64LE(zip64 + 48)) : tail.readUInt32LE(end + 16);
  if (start + bytes > size)
    return { ok: false, error: `its directory would end at byte ${start + bytes} of ${size}` };
  if (bytes > maxDirectory)
    return {
      ok: false,
      error: `its directory would have ${bytes} bytes, at most ${maxDirectory} are allowed`,
    };
  return { ok: true, value: { start, size: bytes } };
}

function parseDirectory(directory: Buffer): Result<readonly DirectoryHeader[]> {
  const headers: DirectoryHeader[] = [];
  for (let at = 0; at < directory.length;) {
    if (at + headerSize > directory.length || directory.readUInt32LE(at) !== headerSignature)
      return { ok: false, error: `its directory is damaged at byte ${at}` };
    const next =
      at +
      headerSize +
      directory.readUInt16LE(at + 28) +
      directory.readUInt16LE(at + 30) +
      directory.readUInt16LE(at + 32);
    if (next > directory.length) return { ok: false, error: `its directory is damaged at byte ${at}` };
    const name = directory.toString(
      'utf8',
      at + headerSize,
      at + headerSize + directory.readUInt16LE(at + 28),
    );
    if ((directory.readUInt16LE(at + 8) & 1) !== 0) return { ok: false, error: `${name} is encrypted` };
    if (directory.readUInt16LE(at + 10) !== 0)
      return { ok: false, error: `${name} is compressed; torch stores tensors as they are` };
    const place = entryPlace(directory, at);
    if (place === undefined) return { ok: false, error: `its directory is damaged at byte ${at}` };
    headers.push({ name, header: place.start, size: place.size });
    at = next;
  }
  return { ok: true, value: headers };
}

/**
 * Size and place of one entry. What does not fit 32 bits is in its zip64 field: uncompressed, compressed,
 * place.
 */
function entryPlace(directory: Buffer, at: number): ZipEntry | undefined {
  const [compressed, uncompressed, start] = [
    directory.readUInt32LE(at + 20),
    directory.readUInt32LE(at + 24),
    directory.readUInt32LE(at + 42),
  ];
  const missing = [uncompressed, compressed, start].map((value) => value === tooWide);
  if (!missing.includes(true)) return compressed === uncompressed ? { start, size: uncompressed } : undefined;
  const wide = zip64Values(directory, at);
  const taken = (index: 0 | 1 | 2, narrow: number): number =>
    missing[index] === true ? (wide[missing.slice(0, index).filter(Boolean).length] ?? Infinity) : narrow;
  const size = taken(0, uncompressed);
  return size === taken(1, compressed) ? { start: taken(2, start), size } : undefined;
}

function zip64Values(directory: Buffer, at: number): readonly number[] {
  const from = at + headerSize + directory.readUInt16LE(at + 28);
  const to = from + directory.readUInt16LE(at + 30);
  for (let field = from; field + 4 <= to; field += 4 + directory.readUInt16LE(field + 2)) {
    if (directory.readUInt16LE(field) !== zip64Field) continue;
    const bytes = directory.subarray(field + 4, Math.min(to, field + 4 + directory.readUInt16LE(field + 2)));
    return Array.from({ length: bytes.length >> 3 }, (_, i) => Number(bytes.readBigUInt64LE(8 * i)));
  }
  return [];
}

const endMark = '\u0050\u004b\u0005\u0006';
const endSize = 22;
const maxComment = 65_535;
const zip64EndSignature = 0x06064b50;
const zip64EndSize = 56;
const zip64LocatorSize = 20;
const headerSignature = 0x02014b50;
const headerSize = 46;
const localSignature = 0x04034b50;
const localSize = 30;
const zip64Field = 0x0001;
const tooWide = 0xffffffff;
/** An entry takes about a hundred bytes, a model has some thousand. */
const maxDirectory = 1 << 24;
