import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Disk } from '../../files/disk.ts';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { isJsonObject, type Json, type JsonObject, readJson, writeJson } from '../../files/json.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { isPartialName, writeFolderAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import {
  elementsOf,
  type LazyTensor,
  type LazyTensors,
  lending,
  loadFloat32,
} from '../checkpoint/lazy-tensor.ts';
import { openSafetensors, writeSafetensors } from '../checkpoint/safetensors.ts';
import type { TrainRecord } from './train-config.ts';

/**
 * The state to resume a training from: the tensors are beside it, under the names that their owners give
 * them.
 */
export interface TrainingState {
  /** A hash of what must be equal in the training that wrote it and in the one that reads it. */
  readonly fingerprint: string;
  /** How many steps are done. */
  readonly step: number;
  readonly records: readonly TrainRecord[];
}

/** Writes "checkpoint-<step>" into the folder; an existing one of the same step is kept. */
export const writeCheckpoint = (
  folder: string,
  state: TrainingState,
  tensors: LazyTensors,
  disk: Disk,
): Promise<Result<void, FileProblem>> =>
  addCheckpoint(
    folder,
    state.step,
    async (partial) => {
      const sums: Record<string, number> = {};
      const written = await writeSafetensors(join(partial, tensorsName), summed(tensors, sums));
      return written.ok ? writeJson(join(partial, stateName), checked({ ...state, sums })) : written;
    },
    disk,
  );

/** Adds a checkpoint whose files `fill` writes, atomically; an existing one of the same step is kept. */
export async function addCheckpoint(
  folder: string,
  step: number,
  fill: (partial: string) => Promise<Result<void, FileProblem>>,
  disk: Disk,
): Promise<Result<void, FileProblem>> {
  const steps = await checkpointSteps(folder);
  if (!steps.ok) return steps;
  if (steps.value.includes(step)) return { ok: true, value: undefined };
  return writeFolderAtomically(checkpointPath(folder, step), fill, disk);
}

/** The steps of the checkpoints that are there, in order. */
export async function checkpointSteps(folder: string): Promise<Result<readonly number[], FileProblem>> {
  try {
    makeFolder(folder);
    const names = await readdir(folder);
    return {
      ok: true,
      value: names
        .flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? [])
        .map(Number)
        .sort((a, b) => a - b),
    };
  } catch (error) {
    return { ok: false, error: fileProblem(folder, error) };
  }
}

/** The state of training that was stored after so many steps. */
export async function readState(folder: string, step: number): Promise<Result<TrainingState, FileProblem>> {
  const stored = await readStored(folder, step);
  if (!stored.ok) return stored;
  const { fingerprint, records } = stored.value;
  return { ok: true, value: { fingerprint, step, records } };
}

/**
 * Fills an array with a tensor, by its name; it has to be there, in its length, with the bits that were
 * written.
 */
export type TensorReader = (name: string, into: Float32Array) => Promise<Result<void, FileProblem>>;

/** Opens a checkpoint for reading. */
export async function tensorReader(folder: string, step: number): Promise<Result<TensorReader, FileProblem>> {
  const state = await readStored(folder, step);
  if (!state.ok) return state;
  const path = join(checkpointPath(folder, step), tensorsName);
  const stored = await openSafetensors(path);
  if (!stored.ok) return stored;
  const read: TensorReader = async (name, into) => {
    const tensor = stored.value.get(name);
    if (tensor === undefined || tensor.dtype !== 'float32' || tensor.shape.join() !== String(into.length))
      return {
        ok: false,
        error: { path, message: `has no float32 tensor "${name}" of ${into.length} elements` },
      };
    const loaded = await loadFloat32(tensor, into);
    if (!loaded.ok) return loaded;
    return sumOf(into) === state.value.sums[name]
      ? loaded
      : { ok: false, error: { path, message: `the tensor "${name}" is damaged` } };
  };
  return { ok: true, value: read };
}

/**
 * Removes the oldest checkpoints until `keep` are left. The best and the newest are never removed, so two
 * remain for `keep` = 1 if the best is older. As the Trainer's save_total_limit.
 */
export async function pruneCheckpoints(
  folder: string,
  keep: number,
  best: number | undefined,
  disk: Disk,
): Promise<Result<void, FileProblem>> {
  const steps = await checkpointSteps(folder);
  if (!steps.ok) return steps;
  const removable = steps.value.slice(0, -1).filter((step) => step !== best);
  return remove(folder, removable.slice(0, Math.max(0, steps.value.length - keep)), disk);
}

/**
 * Removes the checkpoints from a step on, the newest first, so that a crash in between leaves an earlier
 * training.
 */
export async function removeCheckpoints(
  folder: string,
  from: number,
  disk: Disk,
): Promise<Result<void, FileProblem>> {
  const steps = await checkpointSteps(folder);
  return steps.ok ? remove(folder, steps.value.filter((step) => step >= from).toReversed(), disk) : steps;
}

/** Also removes what a killed process left unfinished. */
async function remove(
  folder: string,
  steps: readonly number[],
  disk: Disk,
): Promise<Result<void, FileProblem>> {
  try {
    for (const step of steps) await disk.remove(checkpointPath(folder, step));
    for (const name of await readdir(folder)) if (isPartialName(name)) await disk.remove(join(folder, name));
    return { ok: true, value: undefined };
  } catch (error) {
    return { ok: false, error: fileProblem(folder, error) };
  }
}

/** Where the checkpoint of a step is. */
export const checkpointPath = (folder: string, step: number): string =>
  join(folder, `checkpoint-${String(step).padStart(8, '0')}`);

const tensorsName = 'tensors.safetensors';
const stateName = 'state.json';
/** The files of a checkpoint. */
export const checkpointFiles: readonly string[] = [tensorsName, stateName];

/** What a checkpoint's state is on the disk: damage of the state or of a tensor shows in a CRC-32. */
interface StoredState extends TrainingState {
  readonly sums: Readonly<Record<string, number>>;
}

/** The same tensors; what is read of each gets its sum in `sums`. */
const summed = (tensors: LazyTensors, sums: Record<string, number>): LazyTensors =>
  new Map(
    [...tensors].map(([name, tensor]): readonly [string, LazyTensor] => [
      name,
      lending(tensor, async () => {
        const elements = await elementsOf(tensor);
        if (elements.ok) sums[name] = crc32(elements.value);
        return elements;
      }),
    ]),
  );

const sumOf = ({ buffer, byteOffset, byteLength }: Float32Array): number =>
  crc32(new Uint8Array(buffer, byteOffset, byteLength));

const checked = ({
  fingerprint,
  step,
  records,
  sums,
}: StoredState): StoredState & { readonly sum: number } => ({
  fingerprint,
  step,
  records,
  sums,
  sum: crc32(JSON.stringify([fingerprint, step, records, sums])),
});

async function readStored(folder: string, step: number): Promise<Result<StoredState, FileProblem>> {
  const path = join(checkpointPath(folder, step), stateName);
  const json = await readJson(path);
  if (!json.ok) return json;
  if (!isState(json.value) || json.value.step !== step || json.value['sum'] !== checked(json.value).sum)
    return {
      ok: false,
      error: { path, message: 'is not a training state, or is damaged' },
    };
  return { ok: true, value: json.value };
}

/** A valid checksum shows that this program wrote it: the checksum covers all that is read. */
function isState(json: Json): json is JsonObject & StoredState {
  return (
    isJsonObject(json) &&
    typeof json['fingerprint'] === 'string' &&
    Number.isInteger(json['step']) &&
    Array.isArray(json['records']) &&
    isJsonObject(json['sums'])
  );
}
