import { setTimeout } from 'node:timers/promises';
import { isJsonObject, type Json, jsonIn, type JsonObject } from '../../files/json.ts';
import { type ProxiedFetch, proxiedFetch } from '../../network/proxied-fetch.ts';
import { proxySettings } from '../../network/proxy-settings.ts';
import { isTransientStatus, retry } from '../../network/retry.ts';
import type { Result } from '../../result.ts';

/** A tracking server of MLflow, by its REST API 2.0. */
export interface MlflowClient {
  /** The answer; the error is the server's message. `isMissing`: the item does not exist there. */
  call(call: MlflowCall): Promise<Result<JsonObject, MlflowProblem>>;
}

export type MlflowCall =
  | { readonly get: string; readonly query: Readonly<Record<string, string>> }
  /** `once`: it is not repeated when no answer comes, since it would be done twice. */
  | { readonly post: string; readonly body: JsonObject; readonly once?: true };

interface MlflowProblem {
  readonly message: string;
  readonly isMissing: boolean;
}

/** Before the second and the third try, in milliseconds. */
const delays = [500, 1000];

/** In milliseconds. */
const longestSilence = 60_000;

/**
 * Credentials and proxies are those that MLflow's own client reads from the environment. A URL with a
 * password in it is refused: it would end up in files and logs.
 */
export function mlflowClient(url: string, environment: NodeJS.ProcessEnv): Result<MlflowClient> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return { ok: false, error: `"${url}" is not a URL of a server: expected http://host:port or https://…` };
  const base = new URL(url);
  if (base.username !== '' || base.password !== '')
    return {
      ok: false,
      error:
        `the URL of ${base.host} holds credentials: set MLFLOW_TRACKING_USERNAME and ` +
        'MLFLOW_TRACKING_PASSWORD instead',
    };
  const headers = { 'content-type': 'application/json', ...authorization(environment) };
  let connecting: ReturnType<typeof proxiedFetch> | undefined;
  return {
    ok: true,
    value: {
      async call(call) {
        const connected = await (connecting ??= proxiedFetch(proxySettings(environment), longestSilence));
        if (!connected.ok)
          return {
            ok: false,
            error: { message: `the proxy of HTTPS_PROXY: ${connected.error}`, isMissing: false },
          };
        const sent = await retry(
          () => send(connected.value, base, call, headers),
          ({ kind }) => kind === 'failed',
          'post' in call && call.once === true ? [] : delays,
          (milliseconds) => setTimeout(milliseconds),
        );
        return sent.kind === 'answer'
          ? sent.result
          : { ok: false, error: { message: `${base.origin}: ${sent.because}`, isMissing: false } };
      },
    },
  };
}

function authorization(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const token = environment['MLFLOW_TRACKING_TOKEN'];
  const user = environment['MLFLOW_TRACKING_USERNAME'];
  if (token !== undefined && token !== '') return { authorization: `Bearer ${token}` };
  if (user === undefined || user === '') return {};
  const password = environment['MLFLOW_TRACKING_PASSWORD'] ?? '';
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

type Sent =
  | { readonly kind: 'answer'; readonly result: Result<JsonObject, MlflowProblem> }
  /** Another try may go better. */
  | { readonly kind: 'failed'; readonly because: string };

async function send(
  fetch: ProxiedFetch,
  base: URL,
  call: MlflowCall,
  headers: Readonly<Record<string, string>>,
): Promise<Sent> {
  const path = 'get' in call ? call.get : call.post;
  const url = new URL(`${base.pathname.replace(/\/$/, '')}/api/2.0/mlflow/${path}`, base);
  if ('get' in call)
    for (const [name, value] of Object.entries(call.query)) url.searchParams.set(name, value);
  try {
    const response = await fetch(url, {
      headers,
      signal: AbortSignal.timeout(longestSilence),
      ...('get' in call ? {} : { method: 'POST', body: JSON.stringify(call.body) }),
    });
    const text = await response.text();
    if (isTransientStatus(response.status))
      return { kind: 'failed', because: `${path}: ${errorText(response.status, text)}` };
    const json = jsonIn(text);
    if (response.ok && isJsonObject(json)) return { kind: 'answer', result: { ok: true, value: json } };
    const isMissing = response.status === 404 && codeIn(json) === 'RESOURCE_DOES_NOT_EXIST';
    const message = `${url.origin}: ${path}: ${errorText(response.status, text)}`;
    return { kind: 'answer', result: { ok: false, error: { message, isMissing } } };
  } catch (error) {
    return { kind: 'failed', because: causeOf(error) };
  }
}

const codeIn = (json: Json | undefined): Json | undefined =>
  isJsonObject(json) ? json['error_code'] : undefined;

function errorText(status: number, text: string): string {
  const json = jsonIn(text);
  const message = isJsonObject(json) ? json['message'] : undefined;
  return typeof message === 'string'
    ? `${status}: ${message.slice(0, 500)}`
    : `status ${status}${text === '' ? '' : ': it is not an MLflow server'}`;
}

/** The reason: fetch itself says only "fetch failed". */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
