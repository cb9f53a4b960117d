import { decompressLz4Raw } from 'hyparquet-compressors';

/**
 * What Xet stores is made of, read by the specification of its formats
 * (https://huggingface.co/docs/xet, "Xorb format" and "Shard format"): a test's own reader.
 */

/** The chunks of a xorb, unpacked: a header of 8 bytes, then the bytes, one after another. */
export function chunksOf(xorb: Uint8Array): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < xorb.length;) {
    const view = new DataView(xorb.buffer, xorb.byteOffset + at);
    const version = view.getUint8(0);
    const packed = view.getUint32(1, true) & 0xffffff;
    const scheme = view.getUint8(4);
    const length = view.getUint32(4, true) >>> 8;
    if (version !== 0) throw new Error(`a chunk of version ${version}`);
    const bytes = xorb.subarray(at + 8, at + 8 + packed);
    if (bytes.length !== packed) throw new Error('a chunk that is cut');
    const chunk = unpacked(bytes, scheme, length);
    if (chunk.length !== length) throw new Error(`a chunk of ${chunk.length} bytes, not ${length}`);
    chunks.push(chunk);
    at += 8 + packed;
  }
  return chunks;
}

function unpacked(bytes: Uint8Array, scheme: number, length: number): Uint8Array {
  if (scheme === 0) return bytes;
  if (scheme === 1) return fromLz4Frame(bytes, length);
  if (scheme === 2) return regrouped(fromLz4Frame(bytes, length));
  throw new Error(`chunks packed by scheme ${scheme}`);
}

/** Every fourth byte stands together in such a chunk: all first bytes, all second ones, and so on. */
function regrouped(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length);
  let from = 0;
  for (let group = 0; group < 4; group++)
    for (let to = group; to < whole.length; to += 4) whole[to] = bytes[from++] ?? 0;
  return whole;
}

/** An LZ4 frame (lz4_Frame_format.md) of one block, as a chunk's bytes are few. */
function fromLz4Frame(frame: Uint8Array, length: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const flags = view.getUint8(4);
  // Version 1, and neither the size of the content nor checksums.
  if (view.getUint32(0, true) !== 0x184d2204 || (flags & 0b11011100) !== 0b01000000)
    throw new Error('this is no LZ4 frame that is read here');
  const size = view.getUint32(7, true);
  const block = frame.subarray(11, 11 + (size & 0x7fff_ffff));
  if (view.getUint32(11 + block.length, true) !== 0) throw new Error('a frame of several blocks');
  return size >= 0x8000_0000 ? block : decompressLz4Raw(block, length);
}

/** What a shard says of a file: which chunks of which xorbs it is made of. */
export interface ShardFile {
  readonly sha256: string;
  readonly parts: readonly {
    readonly xorb: string;
    readonly from: number;
    readonly to: number;
    readonly length: number;
  }[];
}

export interface Shard {
  readonly files: readonly ShardFile[];
  /** By xorb: its chunks. */
  readonly xorbs: ReadonlyMap<string, readonly { readonly hash: string; readonly length: number }[]>;
}

const magic = Buffer.from('48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa9', 'hex');
const bookend = 'f'.repeat(64);

/** The entries of 48 bytes of which both sections of a shard are made. */
export function readShard(shard: Buffer): Shard {
  if (!shard.subarray(0, 32).equals(magic)) throw new Error('this is no shard');
  if (shard.readBigUInt64LE(32) !== 2n) throw new Error('a shard of another version');
  const footer = shard.length - Number(shard.readBigUInt64LE(40));
  const files: ShardFile[] = [];
  let at = Number(shard.readBigUInt64LE(footer + 8));
  for (; hashAt(shard, at) !== bookend;) {
    const flags = shard.readUInt32LE(at + 32);
    const count = shard.readUInt32LE(at + 36);
    const parts = Array.from({ length: count }, (_, index) => {
      const part = at + 48 * (1 + index);
      return {
        xorb: hashAt(shard, part),
        length: shard.readUInt32LE(part + 36),
        from: shard.readUInt32LE(part + 40),
        to: shard.readUInt32LE(part + 44),
      };
    });
    at += 48 * (1 + count + ((flags & 0x8000_0000) === 0 ? 0 : count));
    if ((flags & 0x4000_0000) === 0) throw new Error('a file without its SHA-256');
    files.push({ sha256: hashAt(shard, at), parts });
    at += 48;
  }
  const xorbs = new Map<string, readonly { readonly hash: string; readonly length: number }[]>();
  at = Number(shard.readBigUInt64LE(footer + 16));
  for (; hashAt(shard, at) !== bookend;) {
    const count = shard.readUInt32LE(at + 36);
    const start = at + 48;
    const chunks = Array.from({ length: count }, (_, index) => ({
      hash: hashAt(shard, start + 48 * index),
      length: shard.readUInt32LE(start + 48 * index + 36),
    }));
    xorbs.set(hashAt(shard, at), chunks);
    at = start + 48 * count;
  }
  return { files, xorbs };
}

/** The shard as an answer to a question for a chunk: the end of its list of xorbs is told by the footer. */
export function asDedupAnswer(shard: Buffer): Buffer {
  const answer = Buffer.from(shard);
  const footer = answer.length - Number(answer.readBigUInt64LE(40));
  answer.writeBigUInt64LE(BigInt(footer), footer + 24);
  return answer;
}

/** Four numbers of 64 bits, the lowest byte first. */
const hashAt = (bytes: Buffer, at: number): string =>
  [0, 8, 16, 24]
    .map((offset) =>
      bytes
        .readBigUInt64LE(at + offset)
        .toString(16)
        .padStart(16, '0'),
    )
    .join('');
