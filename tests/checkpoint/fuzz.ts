import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { elementCount } from '../../src/ml/element-count.ts';
import { itemSize } from '../../src/ml/checkpoint/host-tensor.ts';
import { loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { openSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import { parseSafetensorsHeader } from '../../src/ml/checkpoint/safetensors-header.ts';
import { openTorchBin } from '../../src/ml/checkpoint/torch-bin.ts';
import { isTorchName, torchState } from '../../src/ml/checkpoint/torch-state.ts';
import { unpickle } from '../../src/ml/checkpoint/unpickle.ts';
import { mutated, seeded } from './mutations.ts';

/** How a round of damaged inputs went: what was not accepted was refused, and anything else was thrown. */
export interface FuzzOutcome {
  accepted: number;
  refused: number;
}

/**
 * Damages the header of a safetensors file `count` times. Throws where an accepted one lets a tensor reach
 * outside the data.
 */
export function fuzzHeader(header: Buffer, dataBytes: number, count: number, seed: number): FuzzOutcome {
  const random = seeded(seed);
  const outcome = { accepted: 0, refused: 0 };
  for (let round = 0; round < count; round++) {
    const parsed = parseSafetensorsHeader(mutated(header, random).toString('utf8'), dataBytes);
    outcome[parsed.ok ? 'accepted' : 'refused']++;
    for (const { dtype, shape, start, end } of parsed.ok ? parsed.value.tensors.values() : []) {
      if (!(start >= 0 && end <= dataBytes && end - start === elementCount(shape) * itemSize(dtype)))
        throw new Error(
          `round ${round} of seed ${seed}: a tensor reaches from ${start} to ${end} of ${dataBytes}`,
        );
    }
  }
  return outcome;
}

/**
 * Damages a pickled state dict `count` times. Throws where an accepted one lets a tensor reach outside its
 * storage.
 */
export function fuzzPickle(pickle: Buffer, count: number, seed: number): FuzzOutcome {
  const random = seeded(seed);
  const outcome = { accepted: 0, refused: 0 };
  for (let round = 0; round < count; round++) {
    const value = unpickle(mutated(pickle, random), isTorchName);
    const state = value.ok ? torchState(value.value.value) : value;
    outcome[state.ok ? 'accepted' : 'refused']++;
    for (const { storage, shape, strides, offset } of state.ok ? state.value.values() : []) {
      const last = shape.reduce((index, size, axis) => index + (size - 1) * (strides[axis] ?? NaN), offset);
      if (elementCount(shape) > 0 && !(last < storage.count && elementCount(shape) <= storage.count))
        throw new Error(`round ${round} of seed ${seed}: a tensor reaches ${last} of ${storage.count}`);
    }
  }
  return outcome;
}

/** Damages a whole file `count` times and reads what still opens. */
export async function fuzzFile(
  path: string,
  scratch: string,
  count: number,
  seed: number,
): Promise<FuzzOutcome> {
  const random = seeded(seed);
  const bytes = readFileSync(path);
  const file = join(scratch, 'damaged');
  const open = path.endsWith('.safetensors') ? openSafetensors : openTorchBin;
  const outcome = { accepted: 0, refused: 0 };
  for (let round = 0; round < count; round++) {
    await writeFile(file, mutated(bytes, random));
    const opened = await open(file);
    const read = opened.ok ? await loadAll(opened.value) : opened;
    outcome[read.ok ? 'accepted' : 'refused']++;
  }
  return outcome;
}
