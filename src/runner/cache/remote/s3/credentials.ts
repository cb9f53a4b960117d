import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../../../../result.ts';
import type { ExpiringCredentials } from './expiring-credentials.ts';
import { packageCredentials } from './package-credentials.ts';
import { processCredentials } from './credential-process.ts';
import { parseSharedConfig, type Sections } from './shared-config.ts';
import type { Credentials } from './sign-request.ts';

/** What AWS tools are configured by on this machine. */
export interface AwsSettings {
  readonly region: string;
  readonly endpoint: string;
  /** Undefined: requests are sent unsigned, as a public bucket takes them. */
  credentials(): Promise<Result<Credentials | undefined>>;
}

/**
 * The settings as AWS SDKs find them: variables, then the profile in the shared files, then
 * `credential_process`, then what the package of the AWS SDK finds where that is installed (SSO, instance
 * metadata).
 */
export async function awsSettings(environment: NodeJS.ProcessEnv, home: string): Promise<AwsSettings> {
  const value = (name: string): string | undefined => {
    const text = environment[name]?.trim() ?? '';
    return text === '' ? undefined : text;
  };
  const config = await sectionsIn(value('AWS_CONFIG_FILE') ?? join(home, '.aws/config'));
  const secrets = await sectionsIn(value('AWS_SHARED_CREDENTIALS_FILE') ?? join(home, '.aws/credentials'));
  const profile = value('AWS_PROFILE') ?? 'default';
  const settings = { ...config.get(profile), ...secrets.get(profile) };
  const region = value('AWS_REGION') ?? value('AWS_DEFAULT_REGION') ?? settings['region'] ?? 'us-east-1';
  const endpoint =
    value('AWS_ENDPOINT_URL_S3') ??
    value('AWS_ENDPOINT_URL') ??
    settings['endpoint_url'] ??
    `https://s3.${region}.amazonaws.com`;

  async function find(): Promise<Result<ExpiringCredentials | undefined>> {
    const own = staticCredentials(
      value('AWS_ACCESS_KEY_ID'),
      value('AWS_SECRET_ACCESS_KEY'),
      value('AWS_SESSION_TOKEN'),
    );
    if (own !== undefined) return { ok: true, value: own };
    const shared = staticCredentials(
      settings['aws_access_key_id'],
      settings['aws_secret_access_key'],
      settings['aws_session_token'],
    );
    if (shared !== undefined) return { ok: true, value: shared };
    const command = settings['credential_process'];
    return command === undefined ? packageCredentials(profile) : processCredentials(command, environment);
  }

  let found: Promise<Result<ExpiringCredentials | undefined>> | undefined;
  return {
    region,
    endpoint: endpoint.replace(/\/+$/, ''),
    async credentials() {
      const known = await found;
      if (known === undefined || !known.ok || isExpiring(known.value)) found = find();
      return (await found) ?? { ok: true, value: undefined };
    },
  };
}

const isExpiring = (credentials: ExpiringCredentials | undefined): boolean =>
  credentials !== undefined && credentials.expiresAt - Date.now() < 5 * 60_000;

const staticCredentials = (
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
): ExpiringCredentials | undefined =>
  accessKeyId === undefined || secretAccessKey === undefined
    ? undefined
    : { accessKeyId, secretAccessKey, sessionToken, expiresAt: Infinity };

const sectionsIn = async (path: string): Promise<Sections> =>
  parseSharedConfig(await readFile(path, 'utf8').catch(() => ''));
