import { digestOf } from '../../../../files/digest.ts';
import { checkedContent } from '../checked-content.ts';
import { type Answer, failed, type NewContent, RemoteFailure } from '../remote-storage.ts';
import { type S3Client, type S3Request, textOf, unexpectedAnswer } from './s3-client.ts';
import { textIn } from './s3-xml.ts';
import { writeOnce } from './write-once.ts';

/** Held in memory, one a file that is sent. */
const leastPart = 8 << 20;

/** Bytes that a server puts together, at least: 10 MB a second. */
const assembledPerMillisecond = 10_000;

/** S3 takes ten thousand. */
const mostParts = 9000;

/**
 * Sends an object in parts, one after another. `overwrites`: even if it exists already. A failed upload is
 * aborted, as far as the server allows it.
 */
export async function uploadParts(
  client: S3Client,
  key: string,
  content: NewContent,
  overwrites: boolean,
  signal: AbortSignal,
): Promise<Answer<'created' | 'present'>> {
  const created = await client.call(
    { method: 'POST', key, query: { uploads: '' }, headers: { 'x-amz-checksum-algorithm': 'SHA256' } },
    signal,
  );
  if (!created.ok) return created;
  const upload = textIn(created.value.status === 200 ? await textOf(created.value.body) : '', 'UploadId');
  if (upload === undefined)
    return unexpectedAnswer('CreateMultipartUpload', created.value.status, created.value.code);
  const sent = await sendParts(client, key, upload, content, overwrites, signal);
  if (!sent.ok || sent.value === 'present') {
    // Also after the upload itself was aborted.
    const soon = AbortSignal.timeout(2000);
    const dropped = await client.call({ method: 'DELETE', key, query: { uploadId: upload } }, soon);
    if (dropped.ok) dropped.value.body.resume();
  }
  return sent;
}

async function sendParts(
  client: S3Client,
  key: string,
  upload: string,
  content: NewContent,
  overwrites: boolean,
  signal: AbortSignal,
): Promise<Answer<'created' | 'present'>> {
  const size = Math.max(leastPart, Math.ceil(content.size / mostParts));
  const parts: { readonly etag: string; readonly checksum: string }[] = [];
  try {
    for await (const bytes of piecesOfSize(checkedContent(content), size)) {
      const digest = digestOf(bytes);
      const checksum = Buffer.from(digest, 'hex').toString('base64');
      const answer = await client.call(
        {
          method: 'PUT',
          key,
          query: { partNumber: String(parts.length + 1), uploadId: upload },
          headers: { 'x-amz-checksum-sha256': checksum },
          body: { size: bytes.length, digest, bytes: () => only(bytes) },
        },
        signal,
      );
      if (!answer.ok) return answer;
      answer.value.body.resume();
      const etag = answer.value.headers.etag;
      if (answer.value.status !== 200 || etag === undefined)
        return unexpectedAnswer('UploadPart', answer.value.status, answer.value.code);
      parts.push({ etag, checksum });
    }
  } catch (error) {
    if (error instanceof RemoteFailure) return failed(error.fault);
    throw error;
  }
  const listed = parts.map(
    ({ etag, checksum }, index) =>
      `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag>` +
      `<ChecksumSHA256>${checksum}</ChecksumSHA256></Part>`,
  );
  const xml = Buffer.from(
    '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      `${listed.join('')}</CompleteMultipartUpload>`,
  );
  const request: S3Request = {
    method: 'POST',
    key,
    query: { uploadId: upload },
    // Some servers copy all the parts into one file before they answer.
    workMilliseconds: content.size / assembledPerMillisecond,
    body: { size: xml.length, digest: digestOf(xml), bytes: () => only(xml) },
  };
  const answer = overwrites
    ? await client.call(request, signal)
    : await writeOnce(client, request, content.size, signal);
  if (!answer.ok) return answer;
  if (answer.value === 'present') return { ok: true, value: 'present' };
  const { status, code, body } = answer.value;
  // A long assembly answers 200 first and reports a failure in the body.
  const errorCode = status === 200 ? textIn(await textOf(body), 'Code') : code;
  return status === 200 && errorCode === undefined
    ? { ok: true, value: 'created' }
    : unexpectedAnswer('CompleteMultipartUpload', status, errorCode);
}

/** Bytes in pieces of one size, but the last. A buffer is used again for each. */
async function* piecesOfSize(bytes: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(size);
  let length = 0;
  for await (let piece of bytes) {
    while (piece.length > 0) {
      const taken = Math.min(size - length, piece.length);
      buffer.set(piece.subarray(0, taken), length);
      length += taken;
      piece = piece.subarray(taken);
      if (length < size) continue;
      yield buffer;
      length = 0;
    }
  }
  if (length > 0) yield buffer.subarray(0, length);
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
