import { isTransientStatus } from '../../network/retry.ts';
import { networkReason, rootCause } from '../wording/network-reason.ts';
import type { HubProblem } from './hub-fault.ts';
import type { Attempt } from './download/persist.ts';
import type { Answer, Send } from './send.ts';

/** The connection to a hub. */
export interface Hub {
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly send: Send;
  readonly now: () => number;
}

/**
 * Sends one request to the hub and checks the response: anything but success is a problem in words, its body
 * left unread. `path` is under the endpoint, so the token is sent nowhere else.
 */
export async function ask(
  hub: Hub,
  repository: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Attempt<Answer>> {
  const url = `${hub.endpoint}/${path}`;
  const authorization = hub.token === undefined ? {} : { authorization: `Bearer ${hub.token}` };
  let answer: Answer;
  try {
    answer = await hub.send(url, {
      headers: { 'user-agent': 'medical-qa-pipeline', ...headers, ...authorization },
      signal,
    });
  } catch (error) {
    const wrong = wrongAnswer(error);
    if (wrong !== undefined) return { kind: 'failed', problem: { kind: 'bad-answer', message: wrong } };
    const problem = unreachable(new URL(url).host, error);
    return problem.certificate ? { kind: 'failed', problem } : { kind: 'again', problem };
  }
  if (answer.ok) return { kind: 'done', value: answer };
  await discard(answer);
  return refusal(hub, repository, answer);
}

/** Tells the other side that the rest of its answer is not wanted. */
export async function discard(answer: Answer): Promise<void> {
  await answer.body?.cancel().catch(() => undefined);
}

/** A connection that failed or broke: fetch tells the reason as the cause, at some depth. */
export function unreachable(
  host: string,
  error: unknown,
): Extract<HubProblem, { readonly kind: 'unreachable' }> {
  const reason = networkReason(error);
  return {
    kind: 'unreachable',
    host,
    reason,
    certificate: /^[A-Z_]*(CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY))/.test(reason),
  };
}

/**
 * What no further request changes: redirects that lead nowhere, and answers that are not HTTP. By the names
 * and texts of undici 7.
 */
function wrongAnswer(error: unknown): string | undefined {
  const reason = rootCause(error);
  if (!(reason instanceof Error)) return undefined;
  if (reason.name === 'HTTPParserError') return reason.message;
  if ('code' in reason && reason.code !== 'ERR_INVALID_URL') return undefined;
  const redirect = redirectFaults.find(([text]) => reason.message.includes(text))?.[1];
  return redirect === undefined ? undefined : `it redirects ${redirect}`;
}

const redirectFaults = [
  ['redirect count exceeded', 'in a cycle, or more than 20 times'],
  ['URL scheme must be a HTTP(S) scheme', 'to an address that is not http or https'],
  ['Invalid URL', 'to an address that is not a URL'],
  ['bad port', 'to a port that no web server has'],
  ['cross origin not allowed', 'to an address with a user name and a password'],
] as const;

/**
 * The meaning of a status. X-Error-Code distinguishes several; without permission to know whether a
 * repository exists, the hub answers 401 (huggingface_hub, utils/_http.py, hf_raise_for_status).
 */
function refusal(hub: Hub, repository: string, { status, headers, url }: Answer): Attempt<never> {
  const code = headers.get('x-error-code') ?? '';
  const words = serverWords(headers.get('x-error-message') ?? '', hub.token);
  const host = new URL(url).host;
  const token = hub.token !== undefined;
  if (status === 429) {
    const seconds = secondsToWait(headers, hub.now());
    return { kind: 'again', problem: { kind: 'rate-limited', host, seconds, token }, seconds };
  }
  if (status === 401 || status === 403)
    return {
      kind: 'failed',
      problem: {
        kind: 'no-access',
        status,
        gated: code === 'GatedRepo',
        token,
        page: `${hub.endpoint}/${repository}`,
      },
    };
  if (status === 404)
    return {
      kind: 'failed',
      problem: {
        kind: 'not-found',
        what: code === 'RevisionNotFound' ? 'revision' : code === 'EntryNotFound' ? 'file' : 'repository',
        words,
      },
    };
  const problem: HubProblem = { kind: 'refused', host, status, words };
  return isTransientStatus(status)
    ? { kind: 'again', problem, seconds: secondsToWait(headers, hub.now()) }
    : { kind: 'failed', problem };
}

/** Retry-After in seconds or as a date (RFC 9110), or the hub's own `RateLimit: "api";r=0;t=55`. */
function secondsToWait(headers: Answer['headers'], now: number): number | undefined {
  const after = headers.get('retry-after') ?? '';
  if (/^\d{1,9}$/.test(after)) return Number(after);
  const date = Date.parse(after);
  if (!Number.isNaN(date)) return Math.max(0, Math.ceil((date - now) / 1000));
  const reset = /;\s*t=(\d{1,9})/.exec(headers.get('ratelimit') ?? '')?.[1];
  return reset === undefined ? undefined : Number(reset);
}

/** A text of the server, safe for a terminal; a server that echoes the request must not reveal the token. */
function serverWords(text: string, token: string | undefined): string {
  const shown = token === undefined ? text : text.replaceAll(token, '***');
  return shown
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);
}
