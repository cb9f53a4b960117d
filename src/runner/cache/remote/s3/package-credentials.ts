import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Result } from '../../../../result.ts';
import type { ExpiringCredentials } from './expiring-credentials.ts';

/** An optional peer dependency: 16 MB, needed only for SSO, roles and on machines of AWS. */
export const credentialsPackage = '@aws-sdk/credential-provider-node';

/**
 * Credentials from the package of the AWS SDK, if it is installed in a project or beside this program.
 * `needed`: the feature that requires it, for the error; undefined: if it is missing or finds nothing, there
 * are no credentials. `profile`: undefined for the default one.
 */
export async function packageCredentials(
  root: string,
  profile: string | undefined,
  needed: string | undefined,
): Promise<Result<ExpiringCredentials | undefined>> {
  const found = installedPackage(root);
  if (found === undefined)
    return needed === undefined
      ? { ok: true, value: undefined }
      : {
          ok: false,
          error:
            `${needed}: run \`npm install ${credentialsPackage}\` in the project, or set ` +
            '`credential_process = aws configure export-credentials --format process`',
        };
  try {
    const identity = await found.defaultProvider({
      ...(profile === undefined ? {} : { profile }),
      timeout: 1000,
      maxRetries: 1,
    })();
    return { ok: true, value: isIdentity(identity) ? credentialsOf(identity) : undefined };
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return needed === undefined
      ? { ok: true, value: undefined }
      : { ok: false, error: `${needed}, and ${credentialsPackage} failed: ${message.slice(0, 300)}` };
  }
}

function installedPackage(root: string): Provider | undefined {
  for (const from of [join(root, 'package.json'), import.meta.url])
    try {
      const provider: unknown = createRequire(from)(credentialsPackage);
      if (hasProvider(provider)) return provider;
    } catch {
      // Not installed there.
    }
  return undefined;
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
