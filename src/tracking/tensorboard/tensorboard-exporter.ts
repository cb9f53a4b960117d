import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblemText } from '../../files/file-problem.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Exporter } from '../exporter.ts';
import type { TrackerRun } from '../tracker-run.ts';
import { eventFile } from './event-file.ts';

/** A folder a model, which TensorBoard shows as a run, with one event file that is written anew each time. */
export const tensorboardExporter = (folder: string): Exporter => ({
  async write(run) {
    // Named by the model alone: TensorBoard adds up what several event files of a folder hold.
    const path = join(folder, await folderOf(folder, run), `events.out.tfevents.0000000000.${run.id}`);
    const written = await writeFileAtomically(path, eventFile(run));
    return written.ok ? { ok: true, value: [path] } : { ok: false, error: fileProblemText(written.error) };
  },
});

/** The folder that an earlier export made of the model, under whatever name the instance had then. */
async function folderOf(folder: string, { id, name }: TrackerRun): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  return names.find((known) => known.endsWith(`-${id}`)) ?? `${folderName(name)}-${id}`;
}

/** "train-aimc,lora" of "train[aimc,lora]". */
const folderName = (instance: string): string =>
  instance.replaceAll(/[^\p{L}\p{N}_.,=+-]+/gu, '-').replace(/-$/, '');
