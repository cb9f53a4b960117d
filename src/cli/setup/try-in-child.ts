import { execa } from 'execa';
import { isJsonObject, jsonIn } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { installedFile } from '../installed-file.ts';

/** An engine's description of itself after a computation. */
export interface Tried {
  readonly version: string;
  readonly device: string;
}

/**
 * Whether the engine in a folder computes, in a process of its own: a library that does not fit may end it,
 * and TensorFlow writes to stderr before it can be silenced.
 */
export async function tryInChild(folder: string, device: 'cpu' | 'cuda'): Promise<Result<Tried>> {
  const child = await execa(
    process.execPath,
    [installedFile('main.js'), 'setup', 'tensorflow', '--try', folder, '--device', device],
    { reject: false },
  );
  const tried = parseTried(child.stdout);
  if (tried !== undefined && !child.failed) return { ok: true, value: tried };
  const lines = child.stderr.split('\n').filter((line) => line.startsWith('error: '));
  return {
    ok: false,
    error:
      lines.at(-1)?.slice('error: '.length) ??
      `it ended with ${child.signal ?? `exit code ${String(child.exitCode)}`}: ${child.stderr.slice(-500)}`,
  };
}

function parseTried(text: string): Tried | undefined {
  const json = jsonIn(text);
  if (!isJsonObject(json)) return undefined;
  const { version, device } = json;
  return typeof version === 'string' && typeof device === 'string' ? { version, device } : undefined;
}
