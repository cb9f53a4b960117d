import { homedir } from 'node:os';
import { join } from 'node:path';
import { engineFolder, readInstalled } from '../../src/files/installed-engine.ts';

/** The folder of the TensorFlow that the user has installed. */
export function installedTensorflow(): string | undefined {
  const folder = engineFolder('tensorflow', process.env, homedir());
  const installed = readInstalled(folder);
  return installed.ok && installed.value !== undefined ? join(folder, installed.value.folder) : undefined;
}
