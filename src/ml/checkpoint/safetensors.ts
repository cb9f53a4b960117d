import { isUtf8 } from 'node:buffer';
import { type FileProblem, SourceFailed } from '../../files/file-problem.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import { type HostTensor, maxTensors } from './host-tensor.ts';
import { elementsOf, type LazyTensors, loadAll } from './lazy-tensor.ts';
import { fileSize, readAt } from './read-at.ts';
import {
  countTensors,
  layOut,
  maxHeaderBytes,
  parseSafetensorsHeader,
  safetensorsHeader,
} from './safetensors-header.ts';

/** Every tensor of a safetensors file, in memory, in the order of their bytes. */
export async function readSafetensors(
  path: string,
): Promise<Result<ReadonlyMap<string, HostTensor>, FileProblem>> {
  const opened = await openSafetensors(path);
  return opened.ok ? loadAll(opened.value) : opened;
}

/**
 * The tensors of a safetensors file, each read on demand. The format: 8 bytes with the length of the header,
 * the header in JSON, the tensors' bytes (https://github.com/huggingface/safetensors).
 */
export async function openSafetensors(path: string): Promise<Result<LazyTensors, FileProblem>> {
  const size = await fileSize(path);
  if (!size.ok) return size;
  const refused = (message: string) =>
    ({ ok: false, error: { path, message: `is not a safetensors file: ${message}` } }) as const;
  if (size.value < 8) return refused(`it has ${size.value} bytes, expected 8 or more`);
  const prefix = Buffer.alloc(8);
  const prefixed = await readAt(path, 0, prefix);
  if (!prefixed.ok) return prefixed;
  const headerBytes = Number(prefix.readBigUInt64LE());
  if (headerBytes > maxHeaderBytes)
    return refused(`its header would have ${headerBytes} bytes, at most ${maxHeaderBytes} are allowed`);
  if (headerBytes > size.value - 8)
    return refused(`its header would have ${headerBytes} bytes, but the file ends after ${size.value - 8}`);
  const bytes = Buffer.alloc(headerBytes);
  const read = await readAt(path, 8, bytes);
  if (!read.ok) return read;
  if (!isUtf8(bytes)) return refused('its header is not UTF-8');
  const count = countTensors(bytes);
  if (count > maxTensors) return refused(`its header lists ${count} tensors, at most ${maxTensors} are read`);
  const header = parseSafetensorsHeader(bytes.toString('utf8'), size.value - 8 - headerBytes);
  if (!header.ok) return refused(header.error);
  return {
    ok: true,
    value: new Map(
      [...header.value.tensors].map(([name, { dtype, shape, start }]) => [
        name,
        {
          dtype,
          shape,
          readInto: (into: Uint8Array) => readAt(path, 8 + headerBytes + start, into),
        },
      ]),
    ),
  };
}

/**
 * Writes a safetensors file, atomically: byte for byte what the safetensors library writes for the same
 * tensors.
 */
export function writeSafetensors(
  path: string,
  tensors: LazyTensors,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<Result<void, FileProblem>> {
  return writeFileAtomically(path, content(tensors, metadata));
}

async function* content(
  tensors: LazyTensors,
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  const places = layOut(tensors);
  const header = Buffer.from(safetensorsHeader({ metadata, tensors: places }));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  yield prefix;
  yield header;
  for (const name of places.keys()) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    const elements = await elementsOf(tensor);
    if (!elements.ok) throw new SourceFailed(elements.error);
    yield elements.value;
  }
}
