import type { IncomingMessage } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { digestOf } from '../../../../files/digest.ts';
import { isTransientStatus, retry } from '../../../../network/retry.ts';
import { type Answer, failed, type RemoteFault } from '../remote-storage.ts';
import type { AwsSettings } from './credentials.ts';
import { credentialsPackage } from './package-credentials.ts';
import { textIn } from './s3-xml.ts';
import type { Transport } from './send-request.ts';
import { encoded, queryText, signedHeaders } from './sign-request.ts';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Of an object in the bucket; empty: of the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: S3Body;
  /** Milliseconds that the server may take for an operation without sending anything, such as copying. */
  readonly workMilliseconds?: number;
}

interface S3Body {
  readonly size: number;
  /** Its SHA-256. */
  readonly digest: string;
  bytes(): AsyncIterable<Uint8Array>;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
  /** The error code of S3; undefined: no error, or a response without a code. */
  readonly code: string | undefined;
}

/** Requests to one bucket: signed, retried if the server is busy, with errors separated from answers. */
export interface S3Client {
  /** Any answer that is not a fault of the server, of this machine's clock, or of the credentials. */
  call(request: S3Request, signal: AbortSignal): Promise<Answer<S3Answer>>;
}

/** Waits before the second and the third try. */
const delays: readonly number[] = [150, 600];

/** 409: another writer of the same name is not done. */
const isBusy = (status: number): boolean => status === 409 || isTransientStatus(status);

/** Longer error texts are cut off. */
const longestText = 4 << 20;

/** A client of one bucket; its requests are unsigned if the settings give no credentials. */
export function s3Client(bucket: string, settings: AwsSettings, { send }: Transport): S3Client {
  async function once(request: S3Request, signal: AbortSignal): Promise<Answer<S3Answer>> {
    const { method, key, query = {}, headers = {}, body, workMilliseconds = 0 } = request;
    const credentials = await settings.credentials();
    if (!credentials.ok) return failed({ kind: 'denied', message: credentials.error });
    const path = key === '' ? '' : `/${key.split('/').map(encoded).join('/')}`;
    const url = new URL(`${settings.endpoint}/${bucket}${path}`);
    url.search = queryText(Object.entries(query));
    const payload = body?.digest ?? digestOf('');
    const unsigned = { method, url, headers, payload };
    const sent = await send(
      {
        method,
        url,
        headers: {
          ...(credentials.value === undefined
            ? { ...headers, host: url.host }
            : signedHeaders(unsigned, credentials.value, settings.region, new Date())),
          ...(body === undefined ? {} : { 'content-length': String(body.size) }),
        },
        ...(body === undefined ? {} : { body: () => body.bytes() }),
        bodySize: body?.size ?? 0,
        workMilliseconds,
      },
      signal,
    );
    if (!sent.ok) return sent;
    const answer = sent.value;
    const status = answer.statusCode ?? 0;
    if (status < 300)
      return { ok: true, value: { status, headers: answer.headers, body: answer, code: undefined } };
    const text = await textOf(answer);
    const code = textIn(text, 'Code');
    const fault = faultIn(status, code, url.host, bucket, credentials.value === undefined, settings.region);
    return fault === undefined
      ? { ok: true, value: { status, headers: answer.headers, body: answer, code } }
      : failed(fault);
  }

  return {
    async call(request, signal) {
      const answer = await retry(
        () => once(request, signal),
        (outcome) =>
          outcome.ok ? isBusy(outcome.value.status) : outcome.error.kind === 'failed' && !signal.aborted,
        delays,
        (delay) => setTimeout(delay * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined),
      );
      return answer.ok && isBusy(answer.value.status)
        ? failed(busy(answer.value, settings.endpoint))
        : answer;
    },
  };
}

const busy = ({ status, code }: S3Answer, endpoint: string): RemoteFault => ({
  kind: 'failed',
  message: `${new URL(endpoint).host} answered ${status}${code === undefined ? '' : ` ${code}`} three times`,
});

/** An answer that has no meaning for an operation. */
export const unexpectedAnswer = (
  operation: string,
  status: number,
  code: string | undefined,
): Answer<never> =>
  failed({
    kind: status === 403 ? 'denied' : 'failed',
    message: `${operation} was answered with ${status}${code === undefined ? '' : ` ${code}`}`,
  });

/** A response that reports a fault on either side, regardless of the request. */
function faultIn(
  status: number,
  code: string | undefined,
  host: string,
  bucket: string,
  isUnsigned: boolean,
  region: string,
): RemoteFault | undefined {
  if (code === 'RequestTimeTooSkewed')
    return { kind: 'clock', message: `the clock of this machine differs too much from that of ${host}` };
  if (code === 'NoSuchBucket')
    return { kind: 'denied', message: `there is no bucket ${JSON.stringify(bucket)} at ${host}` };
  if (status === 301 || code === 'AuthorizationHeaderMalformed' || code === 'PermanentRedirect')
    return { kind: 'denied', message: `the bucket is not in the region ${region}: set AWS_REGION` };
  if (status === 401 || (code !== undefined && credentialCodes.has(code)))
    return {
      kind: 'denied',
      message:
        `${host} refuses the credentials (${status} ` +
        `${code ?? ''})${isUnsigned ? ': none were found here' : ''}`,
    };
  if (isUnsigned && status === 403)
    return {
      kind: 'denied',
      message:
        `${host} refuses unsigned requests (403${code === undefined ? '' : ` ${code}`}), and no credentials ` +
        `were found here (on a machine of AWS, run \`npm install ${credentialsPackage}\` in the project)`,
    };
  return undefined;
}

const credentialCodes: ReadonlySet<string> = new Set([
  'SignatureDoesNotMatch',
  'InvalidAccessKeyId',
  'InvalidToken',
  'ExpiredToken',
  'TokenRefreshRequired',
]);

/** Reads the text of a response to its end; a text over the limit is truncated. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of answer) {
      const bytes: Buffer = piece;
      pieces.push(bytes);
      length += bytes.length;
      if (length > longestText) break;
    }
  } catch {
    // The text read so far is enough, or there is none.
  }
  return Buffer.concat(pieces).toString('utf8');
}
