import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/ml/checkpoint/host-tensor.ts';
import { loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { openSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import { openTorchBin } from '../../src/ml/checkpoint/torch-bin.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Every byte of its own takes a minute. No power of two, so that the places differ in words, too. */
const stride = 7;

describe.each([
  ['every-type.safetensors', openSafetensors],
  ['views.zip.bin', openTorchBin],
  ['views.legacy.bin', openTorchBin],
])('%s', (name, openFile) => {
  const golden = join(import.meta.dirname, '../golden/checkpoint', name);
  /** All that a file gives, as text; undefined where it is refused. */
  const contents = async (path: string): Promise<string | undefined> => {
    const opened = await openFile(path);
    const loaded = opened.ok ? await loadAll(opened.value) : opened;
    return loaded.ok
      ? JSON.stringify(
          [...loaded.value].map(([tensor, value]) => [
            tensor,
            value.dtype,
            value.shape,
            Buffer.from(bytesOf(value)).toString('hex'),
          ]),
        )
      : undefined;
  };

  test('truncated, it is refused', async () => {
    const file = join(await temporaryFolder(), name);
    const bytes = await readFile(golden);
    await writeFile(file, bytes);
    expect(await contents(file)).toBeDefined();
    const read: number[] = [];
    for (let length = bytes.length - 1; length >= 0; length -= 1) {
      // Each of the last bytes, then one of seven.
      if (bytes.length - length > 64 && length % stride > 0) continue;
      await truncate(file, length);
      if ((await openFile(file)).ok) read.push(length);
    }
    expect(read).toEqual([]);
  });

  test('with any one byte removed, it is refused, or gives the same values', async () => {
    const file = join(await temporaryFolder(), name);
    const bytes = await readFile(golden);
    const whole = await contents(golden);
    await writeFile(file, bytes.subarray(0, -1));
    const [refused, changed]: [number[], number[]] = [[], []];
    const handle = await open(file, 'r+');
    // From the end on, a file differs from the one before in the bytes between.
    for (let missing = bytes.length - 1; missing >= 0; missing -= stride) {
      await handle.write(bytes, missing + 1, Math.min(stride, bytes.length - 1 - missing), missing);
      const found = await contents(file);
      if (found === undefined) refused.push(missing);
      else if (found !== whole) changed.push(missing);
    }
    await handle.close();
    expect(changed).toEqual([]);
    expect(refused.length).toBeGreaterThan(0.9 * (bytes.length / stride));
  });
});
