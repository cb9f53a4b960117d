import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { programs } from '../../rig/build-programs.ts';
import { tensorflowFolder } from '../runtimes.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `pipeline doctor`, for a user who has the TensorFlow of the tests. */
export const doctor = (...words: readonly string[]): Promise<Ended> =>
  doctorIn(cacheWithTensorflow(), ...words);

/** For a user with this cache. */
export async function doctorIn(cache: string, ...words: readonly string[]): Promise<Ended> {
  const { main } = await programs();
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, 'doctor', ...words],
      { env: { ...process.env, XDG_CACHE_HOME: cache } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** A cache in which the engine lies that the tests use: what the command keeps there is not the user's. */
function cacheWithTensorflow(): string {
  const cache = mkdtempSync(join(tmpdir(), 'cache-'));
  if (tensorflowFolder === undefined) return cache;
  const engines = join(cache, 'medical-qa-pipeline/engines');
  mkdirSync(engines, { recursive: true });
  symlinkSync(dirname(tensorflowFolder), join(engines, 'tensorflow'));
  return cache;
}
