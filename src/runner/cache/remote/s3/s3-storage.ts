import { checkedContent } from '../checked-content.ts';
import {
  type Answer,
  failed,
  type ListedFile,
  type NewContent,
  RemoteFailure,
  type RemoteFault,
  type RemoteStorage,
} from '../remote-storage.ts';
import { uploadParts } from './multipart.ts';
import { objectSize } from './object-size.ts';
import { type S3Answer, type S3Client, type S3Request, textOf, unexpectedAnswer } from './s3-client.ts';
import { listedObjects, textIn } from './s3-xml.ts';
import { faultOf } from './send-request.ts';
import { writeOnce } from './write-once.ts';

/** An object of at least this size is sent only after checking that it does not exist. */
const smallestToCheck = 1 << 20;

/** From this size on, an object is sent in parts, each of which can be sent again. */
const inParts = 64 << 20;

/** Milliseconds that a server may take to copy an object. */
const copying = 60_000;

/** At most this many pages of a thousand names are read; a longer list is not legitimate. */
const mostPages = 5;

/** A bucket, below a prefix that is empty or ends in "/". */
export function s3Storage(name: string, prefix: string, client: S3Client): RemoteStorage {
  const keyOf = (file: string): string => prefix + file;

  async function list(folder: string, signal: AbortSignal): Promise<Answer<readonly ListedFile[]>> {
    const start = keyOf(`${folder}/`);
    const found: ListedFile[] = [];
    let token: string | undefined;
    for (let page = 0; page < mostPages; page++) {
      const answer = await client.call(
        {
          method: 'GET',
          key: '',
          query: {
            'list-type': '2',
            prefix: start,
            delimiter: '/',
            'encoding-type': 'url',
            ...(token === undefined ? {} : { 'continuation-token': token }),
          },
        },
        signal,
      );
      if (!answer.ok) return answer;
      const { status, code, body, headers } = answer.value;
      if (status === 403) return failed(listingDenied(name));
      if (status !== 200) return unexpectedAnswer('LIST', status, code);
      const xml = await textOf(body);
      const now = Date.parse(headers.date ?? '') || Date.now();
      for (const { key, modifiedAt } of listedObjects(xml)) {
        if (key.startsWith(start))
          found.push({ name: key.slice(start.length), ageSeconds: Math.max(0, now - modifiedAt) / 1000 });
      }
      token = textIn(xml, 'IsTruncated') === 'true' ? textIn(xml, 'NextContinuationToken') : undefined;
      if (token === undefined) break;
    }
    return { ok: true, value: found };
  }

  /** `overwrites`: even if it exists already. */
  async function put(
    file: string,
    content: NewContent,
    overwrites: boolean,
    signal: AbortSignal,
  ): Promise<Answer<'created' | 'present'>> {
    const key = keyOf(file);
    if (content.size >= inParts) return uploadParts(client, key, content, overwrites, signal);
    const request: S3Request = {
      method: 'PUT',
      key,
      headers: { 'x-amz-checksum-sha256': Buffer.from(content.digest, 'hex').toString('base64') },
      body: { size: content.size, digest: content.digest, bytes: () => checkedContent(content) },
    };
    const answer = overwrites
      ? await client.call(request, signal)
      : await writeOnce(client, request, content.size, signal);
    if (!answer.ok) return answer;
    if (answer.value === 'present') return { ok: true, value: 'present' };
    const { status, code, body } = answer.value;
    body.resume();
    if (status < 300) return { ok: true, value: 'created' };
    return unexpectedAnswer('PUT', status, code);
  }

  return {
    name,
    list,
    async read(file, signal) {
      const answer = await client.call({ method: 'GET', key: keyOf(file) }, signal);
      if (!answer.ok) return answer;
      const { status, headers, body, code } = answer.value;
      // Without permission to list, S3 answers 403 for a missing object.
      if (status === 404 || status === 403) return { ok: true, value: undefined };
      if (status !== 200) return unexpectedAnswer('GET', status, code);
      const size = Number(headers['content-length'] ?? Number.NaN);
      return { ok: true, value: { size, bytes: piecesOf(body), close: () => void body.destroy() } };
    },
    async create(file, content, signal) {
      if (content.size >= smallestToCheck) {
        const there = await objectSize(client, keyOf(file), signal);
        if (!there.ok) return there;
        if (there.value === content.size) return { ok: true, value: 'present' };
        if (there.value !== undefined) return put(file, content, true, signal);
      }
      return put(file, content, false, signal);
    },
    async replace(file, content, signal) {
      const sent = await put(file, content, true, signal);
      return sent.ok ? { ok: true, value: undefined } : sent;
    },
    async refresh(file, signal) {
      const key = keyOf(file);
      const bucket = name.slice('s3://'.length).split('/')[0];
      const source = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
      const answer = await client.call(
        {
          method: 'PUT',
          key,
          headers: { 'x-amz-copy-source': source, 'x-amz-metadata-directive': 'REPLACE' },
          workMilliseconds: copying,
        },
        signal,
      );
      if (!answer.ok) return answer;
      const { status, body } = answer.value;
      const text = status === 200 ? await textOf(body) : '';
      return { ok: true, value: status === 200 && textIn(text, 'Code') === undefined };
    },
  };
}

/** The bytes of an answer; a connection that breaks off before the end is a failure. */
async function* piecesOf(body: S3Answer['body']): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) {
      const bytes: Uint8Array = piece;
      yield bytes;
    }
  } catch (error) {
    throw new RemoteFailure(faultOf(error, 'the server'));
  }
}

const listingDenied = (name: string): RemoteFault => ({
  kind: 'denied',
  message: `access to ${name} is denied: its names may not be listed (s3:ListBucket)`,
});
