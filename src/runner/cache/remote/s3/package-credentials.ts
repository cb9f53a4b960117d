import type { Result } from '../../../../result.ts';
import type { ExpiringCredentials } from './expiring-credentials.ts';

/** An optional peer dependency: 16 MB, needed only for SSO and on machines of AWS. */
const packageName = '@aws-sdk/credential-provider-node';

/** What the package of the AWS SDK finds; undefined where it is not installed or finds nothing. */
export async function packageCredentials(profile: string): Promise<Result<ExpiringCredentials | undefined>> {
  let found: unknown;
  try {
    const provider: unknown = await import(packageName);
    if (!hasProvider(provider)) return { ok: true, value: undefined };
    found = await provider.defaultProvider({ profile, timeout: 1000, maxRetries: 0 })();
  } catch {
    return { ok: true, value: undefined };
  }
  return { ok: true, value: isIdentity(found) ? credentialsOf(found) : undefined };
}

interface Provider {
  defaultProvider(options: object): () => Promise<unknown>;
}

const hasProvider = (value: unknown): value is Provider =>
  typeof value === 'object' &&
  value !== null &&
  'defaultProvider' in value &&
  typeof value.defaultProvider === 'function';

interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

const isIdentity = (value: unknown): value is Identity =>
  typeof value === 'object' &&
  value !== null &&
  'accessKeyId' in value &&
  typeof value.accessKeyId === 'string' &&
  'secretAccessKey' in value &&
  typeof value.secretAccessKey === 'string';

const credentialsOf = ({
  accessKeyId,
  secretAccessKey,
  sessionToken,
  expiration,
}: Identity): ExpiringCredentials => ({
  accessKeyId,
  secretAccessKey,
  sessionToken,
  expiresAt: expiration?.getTime() ?? Infinity,
});
