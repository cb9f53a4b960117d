import { readFileSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementCount } from '../../src/ml/element-count.ts';
import { type HostTensor, tensorOver, zeros } from '../../src/ml/checkpoint/host-tensor.ts';
import { fromMemory, load, loadFloat32 } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import {
  layOut,
  parseSafetensorsHeader,
  safetensorsHeader,
} from '../../src/ml/checkpoint/safetensors-header.ts';
import { toFloat32 } from '../../src/ml/checkpoint/to-float32.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { messageOf, valueOf } from './value-of.ts';

const golden = join(import.meta.dirname, '../golden/checkpoint/every-type.safetensors');

const numbers = (tensor: HostTensor | undefined): readonly number[] =>
  tensor === undefined ? [] : [...toFloat32(tensor)];

/**
 * The values of all 256 floats of 8 bits: `most` is that of the largest exponent without a fraction; where it
 * is NaN, only the very last one is no number.
 */
function eightBits(exponentBits: number, fractionBits: number, most: number): readonly number[] {
  const [bias, steps] = [2 ** (exponentBits - 1) - 1, 2 ** fractionBits];
  return Array.from({ length: 256 }, (_, bits) => {
    const [sign, exponent, fraction] = [bits < 128 ? 1 : -1, Math.floor((bits % 128) / steps), bits % steps];
    if (bits % 128 === 127) return NaN;
    if (exponent === 2 ** exponentBits - 1 && !Number.isNaN(most)) return fraction === 0 ? sign * most : NaN;
    return exponent === 0
      ? sign * (fraction / steps) * 2 ** (1 - bias)
      : sign * (1 + fraction / steps) * 2 ** (exponent - bias);
  });
}

describe('a file written by the safetensors library', () => {
  test('is read in every dtype', async () => {
    const tensors = valueOf(await readSafetensors(golden));
    const types = [
      'uint8',
      'int8',
      'int16',
      'uint16',
      'float16',
      'bfloat16',
      'int32',
      'uint32',
      'float32',
      'float64',
      'int64',
      'uint64',
    ];
    for (const [n, type] of types.entries()) {
      expect(tensors.get(`b ${type}`)).toMatchObject({ dtype: type, shape: [2, 3] });
      expect(numbers(tensors.get(`b ${type}`)), type).toEqual([n, n + 1, n + 2, n + 3, n + 4, n + 5]);
    }
    expect(numbers(tensors.get('float8_e4m3fn'))).toEqual(eightBits(4, 3, NaN));
    expect(numbers(tensors.get('float8_e5m2'))).toEqual(eightBits(5, 2, Infinity));
    expect(tensors.get('bool')).toEqual({ dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) });
    expect(tensors.get('scalar')).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(7) });
    expect(tensors.get('empty')).toEqual({ dtype: 'float32', shape: [0, 3], data: new Float32Array() });
  });

  test('is written again byte for byte, whatever the order of the tensors', async () => {
    const copy = join(await temporaryFolder(), 'copy.safetensors');
    const tensors = valueOf(await openSafetensors(golden));
    valueOf(await writeSafetensors(copy, new Map([...tensors].reverse())));
    expect((await readFile(copy)).equals(readFileSync(golden))).toBe(true);
  });
});

test('written files are read back bit for bit', async () => {
  const file = join(await temporaryFolder(), 'a.safetensors');
  const tensor = fc
    .tuple(
      fc.constantFrom('float32', 'float16', 'bfloat16', 'int64', 'uint8', 'float64'),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
      fc.infiniteStream(fc.nat(255)),
    )
    .map(([dtype, shape, bytes]) => {
      const { data } = zeros(dtype, shape);
      new Uint8Array(data.buffer).set([...bytes.take(data.byteLength)]);
      return tensorOver(dtype, shape, data.buffer);
    });
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
        tensor,
      ),
      async (tensors) => {
        valueOf(await writeSafetensors(file, fromMemory(new Map(Object.entries(tensors)))));
        expect(new Map(valueOf(await readSafetensors(file)))).toEqual(new Map(Object.entries(tensors)));
      },
    ),
    { numRuns: 50 },
  );
});

test('tensors beyond 2 GiB, and larger than one chunk, are read whole', async () => {
  const file = join(await temporaryFolder(), 'sparse.safetensors');
  const [large, far] = [300 * 2 ** 20, 2 ** 31];
  const places = layOut(
    new Map([
      ['a', { dtype: 'uint8', shape: [large] }],
      ['b', { dtype: 'uint8', shape: [far] }],
      ['c', { dtype: 'uint8', shape: [2] }],
    ]),
  );
  const header = Buffer.from(safetensorsHeader({ metadata: {}, tensors: places }));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  const handle = await open(file, 'w');
  await handle.write(Buffer.concat([prefix, header]));
  await handle.truncate(8 + header.length + large + far + 2);
  for (const at of [large - 1, large + far, large + far + 1])
    await handle.write(Uint8Array.of(at % 251), 0, 1, 8 + header.length + at);
  await handle.close();

  const tensors = valueOf(await openSafetensors(file));
  const read = async (name: string) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? undefined : valueOf(await load(tensor)).data;
  };
  expect(await read('c')).toEqual(Uint8Array.of((large + far) % 251, (large + far + 1) % 251));
  const a = await read('a');
  expect(a?.length).toBe(large);
  expect(a?.[large - 1]).toBe((large - 1) % 251);
});

test('tensors of any dtype are read as float32 into given memory', async () => {
  const tensors = valueOf(await openSafetensors(golden));
  for (const type of ['float32', 'bfloat16', 'int64']) {
    const tensor = tensors.get(`b ${type}`);
    const memory = new Float32Array(8);
    if (tensor !== undefined) valueOf(await loadFloat32(tensor, memory.subarray(1, 7)));
    const first = numbers(valueOf(await readSafetensors(golden)).get(`b ${type}`))[0] ?? NaN;
    expect([...memory], type).toEqual([0, first, first + 1, first + 2, first + 3, first + 4, first + 5, 0]);
  }
});

const data = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
const refusals: readonly (readonly [what: string, header: unknown, says: RegExp])[] = [
  ['no JSON', '{"a":', /is not JSON/],
  ['no object', [], /not a JSON object/],
  ['metadata of numbers', { __metadata__: { a: 1 } }, /__metadata__/],
  ['an entry that is no object', { a: 3 }, /"a".*not a JSON object/],
  ['an unknown type', { a: { ...data, dtype: 'F4' } }, /"a".*"F4", expected U64, I64/],
  ['a negative size', { a: { ...data, shape: [-2] } }, /"a".*shape/],
  ['a fractional size', { a: { ...data, shape: [0.5] } }, /"a".*shape/],
  ['a product beyond all numbers', { a: { ...data, shape: Array(40).fill(2 ** 53 - 1) } }, /"a".*takes/],
  ['sizes that hide in a zero', { a: { ...data, shape: [...Array(40).fill(2 ** 53 - 1), 0] } }, /"a".*takes/],
  [
    'offsets that do not fit the shape',
    { a: { ...data, data_offsets: [0, 12] } },
    /takes bytes 0 to 12.*takes 8 bytes/,
  ],
  ['offsets in the wrong order', { a: { ...data, data_offsets: [8, 0] } }, /takes bytes 8 to 0/],
  ['three offsets', { a: { ...data, data_offsets: [0, 4, 8] } }, /data_offsets/],
  [
    'an overlap',
    { a: data, b: { ...data, data_offsets: [4, 12] } },
    /"b" starts at byte 4.*expected 8.*overlap/,
  ],
  ['two tensors in one place', { a: data, b: data }, /overlap/],
  ['a hole', { a: data, b: { ...data, data_offsets: [12, 20] } }, /hole/],
  ['data that no tensor takes', {}, /its tensors take 0 bytes, but the file has 8/],
  [
    'a tensor past the end',
    { a: { dtype: 'F32', shape: [4], data_offsets: [0, 16] } },
    /take 16 bytes, but the file has 8/,
  ],
];
test.each(refusals)('a header with %s is refused with the reason', (_, header, says) => {
  expect(
    messageOf(parseSafetensorsHeader(typeof header === 'string' ? header : JSON.stringify(header), 8)),
  ).toMatch(says);
});

test.each([
  ['an empty file', Buffer.alloc(0), /0 bytes/],
  ['a header longer than the file', Buffer.from('ff00000000000000', 'hex'), /255 bytes.*ends after 0/],
  ['a header beyond the limit', Buffer.from('ffffffffffffffff', 'hex'), /at most 100000000/],
  ['a header that is not UTF-8', Buffer.from('0200000000000000ff7b', 'hex'), /not UTF-8/],
])('%s is refused', async (_, bytes, says) => {
  const file = join(await temporaryFolder(), 'a.safetensors');
  await writeFile(file, bytes);
  expect(messageOf(await openSafetensors(file))).toMatch(says);
});

test('a file truncated after opening is a problem, not a partial tensor', async () => {
  const file = join(await temporaryFolder(), 'a.safetensors');
  const bytes = readFileSync(golden);
  await writeFile(file, bytes);
  const tensors = valueOf(await openSafetensors(file));
  await writeFile(file, bytes.subarray(0, bytes.length - 1));
  const last = [...tensors.values()].findLast(({ shape }) => elementCount(shape) > 0);
  expect(last === undefined ? '' : messageOf(await load(last))).toMatch(/is truncated, or changed/);
});

test('a source that cannot be read leaves no file', async () => {
  const file = join(await temporaryFolder(), 'a.safetensors');
  const error = { path: 'elsewhere', message: 'broken' };
  const written = await writeSafetensors(
    file,
    new Map([['a', { dtype: 'float32', shape: [1], readInto: async () => ({ ok: false, error }) }]]),
  );
  expect(written).toEqual({ ok: false, error });
  expect(messageOf(await openSafetensors(file))).toBe('no such file or folder');
});

test('more tensors than any model has are refused before the header is parsed', async () => {
  const entries = Array.from(
    { length: 100_001 },
    (_, n) => `"t${n}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,
  );
  const header = Buffer.from(`{${entries.join(',')}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const path = join(await temporaryFolder(), 'many.safetensors');
  await writeFile(path, Buffer.concat([length, header]));
  expect(messageOf(await openSafetensors(path))).toBe(
    'is not a safetensors file: its header lists 100001 tensors, at most 100000 are read',
  );
});
