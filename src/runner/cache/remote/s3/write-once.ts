import type { Answer } from '../remote-storage.ts';
import { objectSize } from './object-size.ts';
import type { S3Answer, S3Client, S3Request } from './s3-client.ts';

/**
 * Sends the request that makes an object of `size` bytes appear, on the condition that it does not exist yet.
 * A server that does not support the condition answers 501: it is sent the request without it unless the
 * object exists. Another writer may come in between, which is harmless, since an object is named by its
 * content.
 */
export async function writeOnce(
  client: S3Client,
  request: S3Request,
  size: number,
  signal: AbortSignal,
): Promise<Answer<S3Answer | 'present'>> {
  const headers = { ...request.headers, 'if-none-match': '*' };
  const answer = await client.call({ ...request, headers }, signal);
  if (!answer.ok) return answer;
  if (answer.value.status === 412) return { ok: true, value: 'present' };
  if (answer.value.status !== 501) return answer;
  const there = await objectSize(client, request.key, signal);
  if (!there.ok) return there;
  return there.value === size ? { ok: true, value: 'present' } : client.call(request, signal);
}
