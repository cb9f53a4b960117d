import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsSettings } from '../../src/runner/cache/remote/s3/credentials.ts';

/** Where the package of the AWS SDK is installed for these tests; it is no dependency of this one. */
const root =
  process.env['AWS_SDK_PREFIX'] ?? join(homedir(), '.cache/medical-qa-pipeline/s3-servers/aws-sdk');
const isInstalled = existsSync(join(root, 'node_modules/@aws-sdk/credential-provider-node'));

/** A server of metadata: what each path answers; what was asked. */
async function serving(
  answer: (request: IncomingMessage) => string | object | undefined,
  act: (address: string, asked: readonly string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const found = answer(request);
    response.writeHead(found === undefined ? 404 : 200, {
      'content-type': typeof found === 'string' ? 'text/plain' : 'application/json',
    });
    response.end(typeof found === 'string' ? found : JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    if (address === null || typeof address === 'string') throw new Error('no port');
    await act(`http://127.0.0.1:${address.port}`, asked);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe.skipIf(!isInstalled)('the package of the AWS SDK', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'aws-'));
    // It reads the variables of the process.
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
    vi.stubEnv('HOME', home);
    vi.stubEnv('AWS_CONFIG_FILE', join(home, '.aws/config'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true });
  });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const find = async () => (await awsSettings({ environment: process.env, home, root })).credentials();
  const expiration = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, '');

  test('finds the credentials of an instance in its metadata', async () => {
    const token = 'a token of version 2';
    await serving(
      ({ method, url, headers }) => {
        if (url === '/latest/api/token') return method === 'PUT' ? token : undefined;
        if (headers['x-aws-ec2-metadata-token'] !== token) return undefined;
        if (url === '/latest/meta-data/iam/security-credentials/') return 'role';
        return url === '/latest/meta-data/iam/security-credentials/role'
          ? {
              Code: 'Success',
              AccessKeyId: 'AK',
              SecretAccessKey: 'SK',
              Token: 'T',
              Expiration: expiration,
            }
          : undefined;
      },
      async (address) => {
        vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', address);
        expect(await find()).toEqual({
          ok: true,
          value: {
            accessKeyId: 'AK',
            secretAccessKey: 'SK',
            sessionToken: 'T',
            expiresAt: Date.parse(expiration),
          },
        });
      },
    );
  });

  test('finds those of a container', async () => {
    await serving(
      ({ url }) =>
        url === '/keys'
          ? { AccessKeyId: 'AK', SecretAccessKey: 'SK', Token: 'T', Expiration: expiration }
          : undefined,
      async (address) => {
        vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${address}/keys`);
        expect(await find()).toMatchObject({ ok: true, value: { accessKeyId: 'AK', sessionToken: 'T' } });
      },
    );
  });

  test('exchanges the token of an SSO session for credentials of its role', async () => {
    write(
      '.aws/config',
      [
        '[profile work]',
        'sso_session = lab',
        'sso_account_id = 123456789012',
        'sso_role_name = reader',
        '[sso-session lab]',
        'sso_region = eu-west-1',
        'sso_start_url = https://lab.awsapps.com/start',
        '',
      ].join('\n'),
    );
    const name = createHash('sha1').update('lab').digest('hex');
    write(
      `.aws/sso/cache/${name}.json`,
      JSON.stringify({ accessToken: 'SSO', expiresAt: expiration, region: 'eu-west-1', startUrl: 'x' }),
    );
    await serving(
      ({ url = '', headers }) =>
        url.startsWith('/federation/credentials') && headers['x-amz-sso_bearer_token'] === 'SSO'
          ? {
              roleCredentials: {
                accessKeyId: 'AK',
                secretAccessKey: 'SK',
                sessionToken: 'T',
                expiration: Date.parse(expiration),
              },
            }
          : undefined,
      async (address, asked) => {
        vi.stubEnv('AWS_PROFILE', 'work');
        vi.stubEnv('AWS_ENDPOINT_URL_SSO', address);
        expect(await find()).toMatchObject({ ok: true, value: { accessKeyId: 'AK', sessionToken: 'T' } });
        expect(asked).toEqual(['GET /federation/credentials?account_id=123456789012&role_name=reader']);
      },
    );
  });

  test('says that an SSO session is over', async () => {
    write(
      '.aws/config',
      '[default]\nsso_session = lab\nsso_account_id = 1\nsso_role_name = r\n' +
        '[sso-session lab]\nsso_region = eu-west-1\nsso_start_url = https://lab.awsapps.com/start\n',
    );
    const found = await find();
    expect(found.ok ? '' : found.error).toMatch(
      /^the profile "default" signs in by SSO, and @aws-sdk\/credential-provider-node failed: .*SSO/,
    );
  });

  test('that reaches no metadata leaves requests unsigned', async () => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    expect(await find()).toEqual({ ok: true, value: undefined });
  });
});
