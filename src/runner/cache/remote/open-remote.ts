import { fileURLToPath } from 'node:url';
import type { Result } from '../../../result.ts';
import { folderStorage } from './folder-storage.ts';
import type { RemoteStorage } from './remote-storage.ts';

/** The storage that an address names. */
export async function openRemote(address: string): Promise<Result<RemoteStorage>> {
  if (address.startsWith('file:///')) {
    try {
      return { ok: true, value: folderStorage(fileURLToPath(address).replace(/(?<=.)\/+$/, '')) };
    } catch {
      return { ok: false, error: `${address} is no file URL` };
    }
  }
  return { ok: false, error: `${address} is neither file:///folder nor s3://bucket/prefix` };
}
