import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Disk, realDisk } from '../../src/files/disk.ts';
import { fromMemory } from '../../src/ml/checkpoint/lazy-tensor.ts';
import {
  checkpointSteps,
  pruneCheckpoints,
  readState,
  tensorReader,
  writeCheckpoint,
} from '../../src/ml/train/checkpoints.ts';
import { bitsOf, trainTiny } from './tiny-training.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

const state = (step: number) => ({
  fingerprint: 'a training',
  step,
  records: [{ step, epoch: 1, evaluationLoss: 2.5, selectionLoss: 2.25 }],
});
const tensors = () =>
  new Map([
    ['parameter.w', Float32Array.of(1, Math.fround(0.1), -0)],
    ['optimizer.first.w', Float32Array.of(3, 4, 5)],
  ]);
const stored = () =>
  fromMemory(
    new Map(
      [...tensors()].map(([name, data]) => [name, { dtype: 'float32', shape: [data.length], data } as const]),
    ),
  );
/** Fills arrays from a checkpoint. */
async function readTensors(folder: string, step: number, into: ReadonlyMap<string, Float32Array>) {
  const reader = await tensorReader(folder, step);
  if (!reader.ok) return reader;
  for (const [name, data] of into) {
    const read = await reader.value(name, data);
    if (!read.ok) return read;
  }
  return { ok: true } as const;
}
const folder = () => mkdtemp(join(tmpdir(), 'checkpoints-'));

describe('checkpoints', () => {
  test('are read as they were written', async () => {
    const scratch = await folder();
    expect(await writeCheckpoint(scratch, state(12), stored(), realDisk)).toMatchObject({ ok: true });
    const read = new Map([
      ['parameter.w', new Float32Array(3)],
      ['optimizer.first.w', new Float32Array(3)],
    ]);
    expect(await readTensors(scratch, 12, read)).toMatchObject({ ok: true });
    expect(read).toEqual(tensors());
    expect(await readState(scratch, 12)).toEqual({ ok: true, value: state(12) });
    expect(await readTensors(scratch, 12, new Map([['parameter.other', new Float32Array(3)]]))).toMatchObject(
      { ok: false, error: { message: expect.stringMatching(/no float32 tensor "parameter.other"/) } },
    );
    expect(await readTensors(scratch, 12, new Map([['parameter.w', new Float32Array(4)]]))).toMatchObject({
      ok: false,
    });
  });

  test('are synced before they are visible; older ones are removed only after that', async () => {
    const scratch = await folder();
    await writeCheckpoint(scratch, state(1), stored(), realDisk);
    const calls: string[] = [];
    const disk = recording(calls);
    await writeCheckpoint(scratch, state(2), stored(), disk);
    await pruneCheckpoints(scratch, 1, undefined, disk);
    const published = calls.findIndex(
      (call) => call.startsWith('rename') && call.endsWith('checkpoint-00000002'),
    );
    for (const file of ['state.json', 'tensors.safetensors'])
      expect(calls.slice(0, published)).toContain(`sync ${file}`);
    expect(calls.slice(0, published).at(-1)).toMatch(/^sync \.partial-/); // the folder with the files' names
    expect(calls.slice(published + 1)).toEqual([`sync ${basename(scratch)}`, 'remove checkpoint-00000001']);
  });

  test('the newest, the best, and the requested number of others are kept', async () => {
    expect(await keptOf(3, undefined)).toEqual([2, 3, 4]);
    expect(await keptOf(3, 1)).toEqual([1, 3, 4]);
    expect(await keptOf(1, 2)).toEqual([2, 4]);
    expect(await keptOf(1, 4)).toEqual([4]);
    expect(await keptOf(9, 1)).toEqual([1, 2, 3, 4]);
  });

  test('when any disk operation fails, the training reports it and can be run again', async () => {
    const settings = {
      length: { steps: 6 },
      checkpoint: { steps: 2 },
      keepCheckpoints: 1,
      evaluate: null,
    } as const;
    const calls: string[] = [];
    const whole = await trainTiny(settings, { disk: recording(calls) });
    expect(calls.length).toBeGreaterThan(10);
    for (let failing = 0; failing < calls.length; failing += 9) {
      const broken = await trainTiny(settings, { disk: failingAt(failing) });
      expect(broken.outcome).toMatchObject({
        kind: 'failed',
        problem: expect.stringMatching(/no space left/),
      });
      expect((await readdir(broken.scratch)).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(bitsOf(await trainTiny(settings, { scratch: broken.scratch }))).toEqual(bitsOf(whole));
    }
  });
});

/** The steps that are left of 1 to 4. */
async function keptOf(keep: number, best: number | undefined): Promise<readonly number[]> {
  const scratch = await folder();
  for (const step of [1, 2, 3, 4]) await writeCheckpoint(scratch, state(step), stored(), realDisk);
  await pruneCheckpoints(scratch, keep, best, realDisk);
  const steps = await checkpointSteps(scratch);
  return steps.ok ? steps.value : [];
}

function recording(calls: string[]): Disk {
  return {
    ...realDisk,
    sync: (path) => (calls.push(`sync ${basename(path)}`), realDisk.sync(path)),
    rename: (from, to) => (calls.push(`rename ${basename(from)} ${basename(to)}`), realDisk.rename(from, to)),
    remove: (path) => (calls.push(`remove ${basename(path)}`), realDisk.remove(path)),
  };
}

/** A disk that is full at one of its calls, counted as `recording` does. */
function failingAt(failing: number): Disk {
  let count = 0;
  const guarded = async (act: () => Promise<void>): Promise<void> => {
    if (count++ === failing) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    await act();
  };
  return {
    ...realDisk,
    sync: (path) => guarded(() => realDisk.sync(path)),
    rename: (from, to) => guarded(() => realDisk.rename(from, to)),
    remove: (path) => guarded(() => realDisk.remove(path)),
  };
}
