import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem, fileProblemText } from '../../files/file-problem.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import type { Exporter } from '../exporter.ts';
import type { TrackerRun } from '../tracker-run.ts';
import { eventFile, firstEvents, pointEvents } from './event-file.ts';

/**
 * A folder for each model, which TensorBoard shows as a run, with one event file. If the existing file is a
 * prefix of the new content, it is appended to, so that an open TensorBoard continues reading. Otherwise it
 * is replaced.
 */
export function tensorboardExporter(folder: string): Exporter {
  const growing = new Set<string>();
  // Named by the model alone: TensorBoard adds up what several event files of a folder hold.
  const fileOf = async (run: TrackerRun): Promise<string> =>
    join(folder, await folderOf(folder, run), `events.out.tfevents.0000000000.${run.id}`);
  return {
    async write(run) {
      const path = await fileOf(run);
      growing.delete(run.id);
      const written = await writeOrGrow(path, Buffer.concat([...eventFile(run)]));
      return written.ok ? { ok: true, value: [path] } : written;
    },
    async append(run, points) {
      const path = await fileOf(run);
      if (!growing.has(run.id)) {
        const begun = worded(await writeFileAtomically(path, Buffer.concat([...firstEvents(run)])));
        if (!begun.ok) return begun;
        growing.add(run.id);
      }
      return grow(path, Buffer.concat([...pointEvents(run, points)]));
    },
  };
}

async function writeOrGrow(path: string, bytes: Buffer): Promise<Result<void>> {
  const before = await readFile(path).catch(() => undefined);
  return before !== undefined && bytes.subarray(0, before.length).equals(before)
    ? grow(path, bytes.subarray(before.length))
    : worded(await writeFileAtomically(path, bytes));
}

/** A reader passes over a record that is not whole yet. */
async function grow(path: string, bytes: Buffer): Promise<Result<void>> {
  try {
    if (bytes.length > 0) await appendFile(path, bytes);
    return { ok: true, value: undefined };
  } catch (error) {
    return { ok: false, error: fileProblemText(fileProblem(path, error)) };
  }
}

const worded = (written: Awaited<ReturnType<typeof writeFileAtomically>>): Result<void> =>
  written.ok ? written : { ok: false, error: fileProblemText(written.error) };

/** The folder of an earlier export of the model, even if the instance had another name then. */
async function folderOf(folder: string, { id, name }: TrackerRun): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  return names.find((known) => known.endsWith(`-${id}`)) ?? `${folderName(name)}-${id}`;
}

/** "train-aimc,lora" of "train[aimc,lora]". */
const folderName = (instance: string): string =>
  instance.replaceAll(/[^\p{L}\p{N}_.,=+-]+/gu, '-').replace(/-$/, '');
