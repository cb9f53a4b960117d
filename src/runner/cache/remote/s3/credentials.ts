import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../../../../result.ts';
import { cachedCredentials } from './cached-credentials.ts';
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

/** Where to find settings and credentials. */
export interface AwsHost {
  readonly environment: NodeJS.ProcessEnv;
  /** The home folder. */
  readonly home: string;
  /** The project, which may have the package of the AWS SDK installed. */
  readonly root: string;
}

/**
 * The settings as AWS SDKs find them: variables, then the profile in the shared files, then
 * `credential_process`, then what the package of the AWS SDK finds where that is installed (SSO, roles,
 * instance metadata).
 */
export async function awsSettings(
  { environment, home, root }: AwsHost,
  now: () => number = Date.now,
): Promise<AwsSettings> {
  const value = (name: string): string | undefined => {
    const text = environment[name]?.trim() ?? '';
    return text === '' ? undefined : text;
  };
  const files = [
    value('AWS_CONFIG_FILE') ?? join(home, '.aws/config'),
    value('AWS_SHARED_CREDENTIALS_FILE') ?? join(home, '.aws/credentials'),
  ] as const;
  const [config, secrets] = await Promise.all([sectionsIn(files[0]), sectionsIn(files[1])]);
  const named = value('AWS_PROFILE');
  const profile = named ?? 'default';
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
    if (named !== undefined && !config.has(named) && !secrets.has(named))
      return {
        ok: false,
        error: `AWS_PROFILE is ${JSON.stringify(named)}, and there is no such profile in ${files.join(' or ')}`,
      };
    const shared = staticCredentials(
      settings['aws_access_key_id'],
      settings['aws_secret_access_key'],
      settings['aws_session_token'],
    );
    // A role is assumed with the keys beside it.
    if (shared !== undefined && settings['role_arn'] === undefined) return { ok: true, value: shared };
    const command = settings['role_arn'] === undefined ? settings['credential_process'] : undefined;
    if (command === undefined) return packageCredentials(root, named, neededFor(profile, settings, value));
    const printed = await processCredentials(command, environment);
    return printed.ok
      ? printed
      : { ok: false, error: `credential_process of the profile ${JSON.stringify(profile)} ${printed.error}` };
  }

  return { region, endpoint: endpoint.replace(/\/+$/, ''), credentials: cachedCredentials(find, now) };
}

/** Configured sources that need the package of the AWS SDK, in words. */
function neededFor(
  profile: string,
  settings: Readonly<Record<string, string>>,
  variable: (name: string) => string | undefined,
): string | undefined {
  if (settings['sso_session'] !== undefined || settings['sso_start_url'] !== undefined)
    return `the profile ${JSON.stringify(profile)} signs in by SSO`;
  if (settings['role_arn'] !== undefined) return `the profile ${JSON.stringify(profile)} assumes a role`;
  const named = metadataVariables.find((name) => variable(name) !== undefined);
  return named === undefined ? undefined : `${named} is set`;
}

/** What AWS sets where a machine has credentials of its own. */
const metadataVariables = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
] as const;

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
