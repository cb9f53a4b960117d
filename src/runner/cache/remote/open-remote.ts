import { fileURLToPath } from 'node:url';
import type { Result } from '../../../result.ts';
import { folderStorage } from './folder-storage.ts';
import type { RemoteStorage } from './remote-storage.ts';
import type { AwsHost } from './s3/credentials.ts';

/** The storage that an address names. */
export async function openRemote(address: string, host: AwsHost): Promise<Result<RemoteStorage>> {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(address) ?? [];
  if (bucket !== undefined) {
    const { openBucket } = await import('./s3/open-bucket.ts');
    return openBucket(bucket, path.replace(/^\/+|\/+$/g, ''), host);
  }
  try {
    if (address.startsWith('file:///'))
      return { ok: true, value: folderStorage(fileURLToPath(address).replace(/(?<=.)\/+$/, '')) };
  } catch {
    // Defined below.
  }
  return { ok: false, error: `${address} is neither file:///folder nor s3://bucket/prefix` };
}
