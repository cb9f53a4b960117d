import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadAll, loadAllFloat32 } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { toFloat32 } from '../../src/ml/checkpoint/to-float32.ts';
import { openTorchBin } from '../../src/ml/checkpoint/torch-bin.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { messageOf, valueOf } from './value-of.ts';

const golden = (name: string): string => join(import.meta.dirname, '../golden/checkpoint', name);
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

describe.each(['views.zip.bin', 'views.protocol-4.bin', 'views.legacy.bin'])('%s', (name) => {
  test.each([
    ['base', 'float32', [4, 6], range(24)],
    ['transposed', 'float32', [6, 4], range(24).map((i) => (i % 4) * 6 + Math.floor(i / 4))],
    ['cut', 'float32', [2, 3], [8, 9, 10, 14, 15, 16]],
    ['column', 'float32', [4], [1, 7, 13, 19]],
    ['parameter', 'float32', [6], [12, 13, 14, 15, 16, 17]],
    ['scalar', 'float32', [], [3.5]],
    ['empty', 'float32', [0, 3], []],
    ['float16', 'float16', [2], [1.5, 1.5]],
    ['bfloat16', 'bfloat16', [2], [1.5, 1.5]],
    ['float64', 'float64', [1], [Math.fround(0.1)]],
    ['int64', 'int64', [5], range(5)],
    ['int32', 'int32', [1], [-5]],
    ['swapped', 'int16', [3, 2, 1], [0, 3, 1, 4, 2, 5]],
    ['int8', 'int8', [1], [-1]],
    ['uint8', 'uint8', [1], [255]],
    ['bool', 'bool', [2], [1, 0]],
  ])('%s is read as %s', async (tensor, dtype, shape, values) => {
    const tensors = valueOf(await loadAll(valueOf(await openTorchBin(golden(name)))));
    const read = tensors.get(tensor);
    expect(read).toMatchObject({ dtype, shape });
    expect(read === undefined ? [] : [...toFloat32(read)]).toEqual(values);
  });

  test('equal views of the same bytes share a tensor, other views do not', async () => {
    const tensors = valueOf(await openTorchBin(golden(name)));
    expect(tensors.get('same')).toBe(tensors.get('base'));
    expect(tensors.get('transposed')).not.toBe(tensors.get('base'));
    const loaded = valueOf(await loadAllFloat32(tensors));
    expect(loaded.get('same')).toBe(loaded.get('base'));
    expect(loaded.get('transposed')?.buffer).not.toBe(loaded.get('base')?.buffer);
  });
});

test.each([
  ['hostile.zip.bin', /asks for "posix.system".*not loaded/],
  ['hostile.legacy.bin', /asks for "posix.system".*not loaded/],
  ['module.bin', /asks for "torch.nn.modules.linear.Linear"/],
  ['epoch.bin', /under "epoch" it holds something that is not a tensor/],
  ['negated.bin', /under "negated" it holds a view that is negated or conjugated/],
  ['expanded.bin', /under "wide" it holds a tensor of shape \[1000\] over a storage of 1 elements/],
  [
    'windows.bin',
    /its tensors are 20 views of the same elements: 8000 bytes of 480, at most 8 times as many are read/,
  ],
  ['every-type.safetensors', /neither torch's magic number nor that of a zip archive/],
])('%s is refused by the name of what it contains', async (name, says) => {
  expect(messageOf(await openTorchBin(golden(name)))).toMatch(says);
});

test.each([
  ['shorter than its tensors say', 4, /the storage of "\w+" has 4 bytes, expected \d+/],
  ['longer than the file', 1e9, /data\/0 would end at byte \d+ of \d+: the file is truncated or damaged/],
])('a storage that is %s is refused', async (_, size, says) => {
  const file = join(await temporaryFolder(), 'a.bin');
  const bytes = await readFile(golden('views.zip.bin'));
  const header = bytes.lastIndexOf('PK\u0001\u0002', bytes.lastIndexOf('views.zip/data/0'));
  for (const field of [20, 24]) bytes.writeUInt32LE(size, header + field);
  await writeFile(file, bytes);
  expect(messageOf(await openTorchBin(file))).toMatch(says);
});

test('a folder, or a missing file, is a problem', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'a'));
  expect(messageOf(await openTorchBin(join(folder, 'a')))).toBe('is a folder where a file was expected');
  expect(messageOf(await openTorchBin(join(folder, 'b')))).toBe('no such file or folder');
});
