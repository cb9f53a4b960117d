/** Numbers from 0 below 1, the same for the same seed (the generator mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Bytes damaged in one to four places: changed, cut, repeated, put in, moved; numbers in digits made extreme.
 */
export function mutated(bytes: Buffer, random: () => number): Buffer {
  let damaged = bytes;
  for (let places = 1 + Math.floor(random() * 4); places > 0; places--)
    damaged = damagedOnce(damaged, random);
  return damaged;
}

function damagedOnce(bytes: Buffer, random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit);
  const at = below(bytes.length + 1);
  const to = Math.min(bytes.length, at + below(12));
  switch (below(7)) {
    case 0:
      return at < bytes.length ? replaced(bytes, at, at + 1, Buffer.of(below(256))) : bytes;
    case 1:
      return replaced(bytes, at, to, Buffer.alloc(0));
    case 2:
      return replaced(bytes, at, at, bytes.subarray(at, to));
    case 3:
      return replaced(bytes, at, at, Buffer.from(Array.from({ length: below(9) }, () => below(256))));
    case 4:
      return replaced(bytes, at, to, bytes.subarray(below(bytes.length), below(bytes.length)));
    case 5:
      return bytes.subarray(0, at);
    default:
      return numberReplaced(bytes, at, extremes[below(extremes.length)] ?? '');
  }
}

const replaced = (bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);

const extremes = [
  '0',
  '-1',
  '1',
  '8',
  '1.5',
  '1e300',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551616',
  'null',
  '"a"',
  '[]',
  '{}',
  'NaN',
];

/** The first run of digits from `at` on. */
function numberReplaced(bytes: Buffer, at: number, by: string): Buffer {
  const found = /\d+/.exec(bytes.toString('latin1', at));
  return found === null
    ? bytes
    : replaced(bytes, at + found.index, at + found.index + found[0].length, Buffer.from(by));
}
