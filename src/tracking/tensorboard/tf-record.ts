import { crc32c } from './crc32c.ts';

/**
 * A record of a TFRecord file: its length, the checksum of the length, the bytes, the checksum of the bytes;
 * little-endian, checksums masked (tensorflow.org/tutorials/load_data/tfrecord, "TFRecords format details").
 */
export function tfRecord(bytes: Uint8Array): Uint8Array {
  const record = new Uint8Array(8 + 4 + bytes.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(bytes, 12);
  view.setUint32(12 + bytes.length, masked(crc32c(bytes)), true);
  return record;
}

const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
