import { crc32 } from 'node:zlib';

/**
 * The bytes of a `.wandb` file: a header, then records in blocks of 32 KiB as LevelDB's log has them, with
 * the checksum that wandb takes: IEEE's CRC-32 of type and content, not masked as LevelDB's is
 * (leveldb/doc/log_format.md, and core/pkg/leveldb of github.com/wandb/wandb).
 */
export function* logFile(records: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield Uint8Array.from(fileHeader);
  let place = fileHeader.length;
  for (const record of records) {
    let rest = record;
    let isFirst = true;
    do {
      const left = blockSize - (place % blockSize);
      if (left < fragmentHeader) {
        yield new Uint8Array(left);
        place += left;
        continue;
      }
      const part = rest.subarray(0, left - fragmentHeader);
      rest = rest.subarray(part.length);
      yield fragment(part, isFirst, rest.length === 0);
      place += fragmentHeader + part.length;
      isFirst = false;
    } while (isFirst || rest.length > 0);
  }
}

/** ":W&B", the magic number 0xBEE1, version 0. */
const fileHeader = [0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00];
const blockSize = 32_768;
const fragmentHeader = 7;

function fragment(part: Uint8Array, isFirst: boolean, isLast: boolean): Uint8Array {
  const bytes = new Uint8Array(fragmentHeader + part.length);
  const view = new DataView(bytes.buffer);
  bytes[6] = isFirst ? (isLast ? 1 : 2) : isLast ? 4 : 3;
  bytes.set(part, fragmentHeader);
  view.setUint32(0, crc32(bytes.subarray(6)), true);
  view.setUint16(4, part.length, true);
  return bytes;
}
