import { execa } from 'execa';
import { isJsonObject, jsonIn } from '../../../../files/json.ts';
import type { Result } from '../../../../result.ts';
import { durationText } from '../../../wording/duration-text.ts';
import type { ExpiringCredentials } from './expiring-credentials.ts';

/**
 * Runs the command of `credential_process` (AWS SDKs and Tools Reference Guide, "Process credential
 * provider") and parses its output: a JSON document of version 1. The error completes "credential_process …";
 * it includes the last line of stderr and never the output, which may be secret. `seconds`: its time limit;
 * its whole process group is killed then.
 */
export async function processCredentials(
  command: string,
  environment: NodeJS.ProcessEnv,
  seconds = 30,
): Promise<Result<ExpiringCredentials>> {
  const running = execa('/bin/sh', ['-c', command], {
    env: environment,
    extendEnv: false,
    stdin: 'ignore',
    detached: true,
    reject: false,
    maxBuffer: 1 << 20,
  });
  let isTooLate = false;
  const timer = setTimeout(() => {
    isTooLate = true;
    killGroup(running.pid);
  }, seconds * 1000);
  const { exitCode, signal, stdout, stderr } = await running;
  clearTimeout(timer);
  if (isTooLate) return wrong(`did not finish within ${durationText(seconds)}`);
  if (exitCode !== 0) return wrong(`failed with ${signal ?? `exit code ${exitCode}`}${lastLine(stderr)}`);
  const document = jsonIn(stdout);
  if (!isJsonObject(document) || document['Version'] !== 1)
    return wrong('printed no JSON document with "Version": 1');
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = document;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string')
    return wrong('printed no AccessKeyId or no SecretAccessKey');
  const expiresAt = Expiration === undefined || Expiration === null ? Infinity : Date.parse(`${Expiration}`);
  if (Number.isNaN(expiresAt)) return wrong('printed an Expiration that is not an ISO 8601 time');
  if (expiresAt <= Date.now()) return wrong('printed credentials that have expired');
  return {
    ok: true,
    value: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: typeof SessionToken === 'string' ? SessionToken : undefined,
      expiresAt,
    },
  };
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

function lastLine(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : `: ${line.slice(0, 200)}`;
}

const wrong = (error: string): { readonly ok: false; readonly error: string } => ({ ok: false, error });
