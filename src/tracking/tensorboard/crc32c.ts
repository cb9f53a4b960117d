/**
 * CRC-32 by Castagnoli's polynomial, reflected 0x82f63b78 (RFC 3720, B.4): what TFRecord files are checked
 * by.
 */
export function crc32c(bytes: Uint8Array): number {
  const table = (tables ??= tableOf());
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}

let tables: Uint32Array | undefined;

function tableOf(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value;
  });
}
