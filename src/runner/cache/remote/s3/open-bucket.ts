import type { Result } from '../../../../result.ts';
import type { RemoteStorage } from '../remote-storage.ts';
import { type AwsHost, awsSettings } from './credentials.ts';
import { s3Client } from './s3-client.ts';
import { s3Storage } from './s3-storage.ts';
import { transport } from './send-request.ts';

/** A bucket as the settings of AWS tools on this machine reach it. `path`: without slashes at its ends. */
export async function openBucket(
  bucket: string,
  path: string,
  host: AwsHost,
): Promise<Result<RemoteStorage>> {
  const settings = await awsSettings(host);
  if (!URL.canParse(settings.endpoint) || !/^https?:\/\//.test(settings.endpoint))
    return { ok: false, error: 'AWS_ENDPOINT_URL is no URL such as https://s3.example.org' };
  const client = s3Client(bucket, settings, transport());
  const prefix = path === '' ? '' : `${path}/`;
  return { ok: true, value: s3Storage(`s3://${bucket}${path === '' ? '' : `/${path}`}`, prefix, client) };
}
