import type { Answer } from '../remote-storage.ts';
import type { S3Client } from './s3-client.ts';

/** The size of an object in bytes; undefined: there is no such object, or its size is unknown. */
export async function objectSize(
  client: S3Client,
  key: string,
  signal: AbortSignal,
): Promise<Answer<number | undefined>> {
  const answer = await client.call({ method: 'HEAD', key }, signal);
  if (!answer.ok) return answer;
  const { status, headers, body } = answer.value;
  body.resume();
  return { ok: true, value: status === 200 ? Number(headers['content-length']) : undefined };
}
