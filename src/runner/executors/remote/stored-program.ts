import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../../files/digest.ts';
import { jobsFolder } from '../../workspace/cache-layout.ts';
import { writeShared } from './shared-file.ts';

/**
 * A copy of a helper program in the project's cache, named by its content: a job runs the version that it was
 * submitted with, whichever is installed when it starts, even on nodes that see only the project.
 */
export async function storedProgram(root: string, program: string): Promise<string> {
  const name = `${root}\0${program}`;
  const known = stored.get(name);
  if (known !== undefined && existsSync(known)) return known;
  const text = readFileSync(program, 'utf8');
  const folder = join(root, jobsFolder, 'programs');
  const place = join(folder, `${digestOf(text)}.mjs`);
  if (!existsSync(place)) {
    mkdirSync(folder, { recursive: true });
    await writeShared(place, text);
  }
  stored.set(name, place);
  return place;
}

/** Places by root and program: this process runs what it started with. */
const stored = new Map<string, string>();
