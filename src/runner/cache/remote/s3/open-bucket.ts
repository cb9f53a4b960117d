import { proxyFor, proxySettings } from '../../../../network/proxy-settings.ts';
import type { Result } from '../../../../result.ts';
import type { RemoteStorage } from '../remote-storage.ts';
import { type AwsHost, awsSettings } from './credentials.ts';
import { s3Client } from './s3-client.ts';
import { s3Storage } from './s3-storage.ts';
import { timeLimits, transport } from './send-request.ts';

/**
 * A bucket as the settings of AWS tools on this machine reach it, through the proxy of the environment.
 * `path`: without slashes at its ends.
 */
export async function openBucket(
  bucket: string,
  path: string,
  host: AwsHost,
): Promise<Result<RemoteStorage>> {
  const settings = await awsSettings(host);
  if (!URL.canParse(settings.endpoint) || !/^https?:\/\//.test(settings.endpoint))
    return { ok: false, error: 'AWS_ENDPOINT_URL is no URL such as https://s3.example.org' };
  const proxies = proxySettings(host.environment);
  const proxy = proxies === undefined ? undefined : proxyFor(new URL(settings.endpoint), proxies);
  if (proxy !== undefined && !(URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol)))
    return {
      ok: false,
      error: 'the proxy of HTTPS_PROXY: it is not a URL such as http://proxy.example:3128',
    };
  const through = transport(timeLimits, proxy === undefined ? undefined : new URL(proxy));
  const client = s3Client(bucket, settings, through);
  const prefix = path === '' ? '' : `${path}/`;
  return { ok: true, value: s3Storage(`s3://${bucket}${path === '' ? '' : `/${path}`}`, prefix, client) };
}
