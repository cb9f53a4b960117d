import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isJsonObject, jsonIn } from '../../../../files/json.ts';
import type { Result } from '../../../../result.ts';
import type { ExpiringCredentials } from './expiring-credentials.ts';

/**
 * Runs the command of `credential_process` (AWS SDKs and Tools Reference Guide, "Process credential
 * provider") and reads what it prints: a JSON document of version 1.
 */
export async function processCredentials(
  command: string,
  environment: NodeJS.ProcessEnv,
): Promise<Result<ExpiringCredentials>> {
  let printed: string;
  try {
    const options = { env: environment, timeout: 30_000, maxBuffer: 1 << 20 };
    printed = (await promisify(execFile)('/bin/sh', ['-c', command], options)).stdout;
  } catch {
    return wrong('failed');
  }
  const document = jsonIn(printed);
  if (!isJsonObject(document) || document['Version'] !== 1)
    return wrong('printed no credentials of version 1');
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = document;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string')
    return wrong('printed no AccessKeyId or no SecretAccessKey');
  return {
    ok: true,
    value: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: typeof SessionToken === 'string' ? SessionToken : undefined,
      expiresAt: typeof Expiration === 'string' ? Date.parse(Expiration) : Infinity,
    },
  };
}

const wrong = (what: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: `credential_process ${what}`,
});
