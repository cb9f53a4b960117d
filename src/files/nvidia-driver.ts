import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** NVIDIA's driver as its files describe it. Whether a library can use it remains open. */
export interface NvidiaDriver {
  /** Its version; undefined: there is no driver. */
  readonly version: string | undefined;
  /** "/dev/nvidia0", … in the order of their numbers */
  readonly devices: readonly string[];
}

/** Reads /proc and /dev below `root`, which tests give; loads no library. */
export const readNvidiaDriver = (root = '/'): NvidiaDriver => ({
  version: driverVersion(root),
  devices: deviceNumbers(root).map((number) => `/dev/nvidia${number}`),
});

function driverVersion(root: string): string | undefined {
  try {
    const text = readFileSync(join(root, 'proc/driver/nvidia/version'), 'utf8');
    return /Module\D*([\d.]+)/.exec(text)?.[1] ?? text.split('\n')[0];
  } catch {
    return undefined;
  }
}

function deviceNumbers(root: string): readonly number[] {
  try {
    return readdirSync(join(root, 'dev'))
      .flatMap((name) => /^nvidia(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}
