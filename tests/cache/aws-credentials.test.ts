import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processCredentials } from '../../src/runner/cache/remote/s3/credential-process.ts';
import { awsSettings } from '../../src/runner/cache/remote/s3/credentials.ts';
import { cachedCredentials } from '../../src/runner/cache/remote/s3/cached-credentials.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aws-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function write(path: string, text: string): string {
  const place = join(home, path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
  return place;
}

/** Settings as a home folder and variables give them; `home` is the project too. */
const settingsOf = (environment: NodeJS.ProcessEnv = {}): ReturnType<typeof awsSettings> =>
  awsSettings({ environment: { PATH: process.env['PATH'], ...environment }, home, root: home });

async function found(environment?: NodeJS.ProcessEnv): Promise<unknown> {
  const credentials = await (await settingsOf(environment)).credentials();
  return credentials.ok ? credentials.value : credentials.error;
}

describe('the profile', () => {
  const config = [
    '# a comment',
    '[default]',
    'region = eu-west-1',
    '[profile work]',
    'region=eu-north-1 ; where the bucket is',
    'endpoint_url = https://s3.example.org/',
    's3 =',
    '  addressing_style = path',
    '[ profile "two words" ]',
    'AWS_ACCESS_KEY_ID = config',
    'aws_secret_access_key = a#b=',
  ].join('\r\n');

  test('is named by AWS_PROFILE; the credentials file (no "profile") precedes the config file', async () => {
    write('.aws/config', config);
    write(
      '.aws/credentials',
      '[work]\naws_access_key_id = AK\naws_secret_access_key=SK\naws_session_token= T \n',
    );
    const settings = await settingsOf({ AWS_PROFILE: 'work' });
    expect(settings).toMatchObject({ region: 'eu-north-1', endpoint: 'https://s3.example.org' });
    expect(await settings.credentials()).toMatchObject({
      ok: true,
      value: { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'T' },
    });
    expect(await settingsOf()).toMatchObject({ region: 'eu-west-1' });
    expect(await found()).toBeUndefined();
    expect(await found({ AWS_PROFILE: 'two words' })).toMatchObject({ secretAccessKey: 'a#b=' });
  });

  test('gives way to variables', async () => {
    write('.aws/config', config);
    const keys = { AWS_ACCESS_KEY_ID: 'env', AWS_SECRET_ACCESS_KEY: 's' };
    expect(await found({ ...keys, AWS_PROFILE: 'two words' })).toMatchObject({ accessKeyId: 'env' });
    expect(await found({ ...keys, AWS_PROFILE: 'missing' })).toMatchObject({ accessKeyId: 'env' });
    expect(
      await settingsOf({ AWS_PROFILE: 'work', AWS_REGION: 'x', AWS_ENDPOINT_URL: 'http://e' }),
    ).toMatchObject({
      region: 'x',
      endpoint: 'http://e',
    });
  });

  test('may stand in files that variables name', async () => {
    const secrets = write('elsewhere', '[default]\naws_access_key_id=AK\naws_secret_access_key=SK\n');
    expect(await found({ AWS_SHARED_CREDENTIALS_FILE: secrets })).toMatchObject({ accessKeyId: 'AK' });
  });

  test('that is in no file is an error, not an unsigned request', async () => {
    write('.aws/config', config);
    expect(await found({ AWS_PROFILE: 'wrok' })).toBe(
      `AWS_PROFILE is "wrok", and there is no such profile in ${home}/.aws/config or ${home}/.aws/credentials`,
    );
  });
});

/** A command that prints a document. */
const printing = (document: unknown): string => `printf '%s' '${JSON.stringify(document)}'`;
const keys = { Version: 1, AccessKeyId: 'AK', SecretAccessKey: 'SK' };

describe('credential_process', () => {
  test('gives credentials, with the variables of the runner', async () => {
    write('.aws/config', `[profile p]\ncredential_process = sh ${home}/print\n`);
    write(
      'print',
      `printf '{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"%s","SessionToken":"T"}' "$SECRET"`,
    );
    expect(await found({ AWS_PROFILE: 'p', SECRET: 'S K' })).toMatchObject({
      accessKeyId: 'AK',
      secretAccessKey: 'S K',
      sessionToken: 'T',
      expiresAt: Infinity,
    });
  });

  test.each<readonly [string, string]>([
    ['echo denied >&2; echo "session is over" >&2; exit 3', 'failed with exit code 3: session is over'],
    ['kill -9 $$', 'failed with SIGKILL'],
    ['true', 'printed no JSON document with "Version": 1'],
    ['echo SecretAccessKey=hush', 'printed no JSON document with "Version": 1'],
    [printing([keys]), 'printed no JSON document with "Version": 1'],
    [printing({ ...keys, Version: 2 }), 'printed no JSON document with "Version": 1'],
    [printing({ ...keys, SecretAccessKey: 7 }), 'printed no AccessKeyId or no SecretAccessKey'],
    [printing({ ...keys, Expiration: 'soon' }), 'printed an Expiration that is not an ISO 8601 time'],
    [printing({ ...keys, Expiration: '2020-01-01T00:00:00Z' }), 'printed credentials that have expired'],
  ])('%s: %s', async (command, error) => {
    expect(await processCredentials(command, { PATH: process.env['PATH'] })).toEqual({ ok: false, error });
  });

  test('that does not end is killed with all that it started', async () => {
    const pids = join(home, 'pids');
    const command = `sleep 600 & echo $! > ${pids}; wait`;
    expect(await processCredentials(command, { PATH: process.env['PATH'] }, 0.3)).toEqual({
      ok: false,
      error: 'did not finish within 0.3 s',
    });
    const stat = `/proc/${readFileSync(pids, 'utf8').trim()}/stat`;
    await expect.poll(() => isRunning(stat)).toBe(false);
  });

  test('is named with its profile where it fails', async () => {
    write('.aws/config', '[default]\ncredential_process = exit 4\n');
    expect(await found()).toBe('credential_process of the profile "default" failed with exit code 4');
  });
});

function isRunning(stat: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
  } catch {
    return false;
  }
}

describe('credentials that expire', () => {
  const hour = 3_600_000;
  const at = (expiresAt: number) =>
    ({
      ok: true,
      value: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: undefined, expiresAt },
    }) as const;

  test('are found once for all requests, and again before they expire', async () => {
    let [now, count] = [0, 0];
    const get = cachedCredentials(
      async () => {
        count += 1;
        return at(now + hour);
      },
      () => now,
    );
    await Promise.all([get(), get(), get()]);
    now = hour - 6 * 60_000;
    await get();
    expect(count).toBe(1);
    now = hour - 4 * 60_000;
    await Promise.all([get(), get()]);
    expect(count).toBe(2);
  });

  test('and live for less than five minutes are not found anew for every request', async () => {
    let [now, count] = [0, 0];
    const get = cachedCredentials(
      async () => {
        count += 1;
        return at(now + 120_000);
      },
      () => now,
    );
    for (; now < 120_000; now += 1_000) await get();
    expect(count).toBe(2);
  });

  test('stay in use while they are valid and cannot be renewed', async () => {
    let now = 0;
    const answers = [at(hour), { ok: false, error: 'failed' } as const];
    const get = cachedCredentials(
      async () => answers.shift() ?? { ok: false, error: 'failed again' },
      () => now,
    );
    await get();
    now = hour - 60_000;
    expect(await get()).toMatchObject({ ok: true });
    now = hour;
    expect(await get()).toEqual({ ok: false, error: 'failed again' });
  });

  test('a failure is an answer for a minute: a run is not held up by each request', async () => {
    let [now, count] = [0, 0];
    const get = cachedCredentials(
      async () => {
        count += 1;
        return { ok: false, error: 'failed' };
      },
      () => now,
    );
    for (; now < 60_000; now += 10_000) await get();
    expect(count).toBe(1);
    await get();
    expect(count).toBe(2);
  });
});

describe('what needs the package of the AWS SDK', () => {
  const advice =
    'run `npm install @aws-sdk/credential-provider-node` in the project, or set ' +
    '`credential_process = aws configure export-credentials --format process`';

  test.each<readonly [string, string, NodeJS.ProcessEnv]>([
    [
      'the profile "default" signs in by SSO',
      '[default]\nsso_session = s\n[sso-session s]\nsso_region = x\n',
      {},
    ],
    ['the profile "old" signs in by SSO', '[profile old]\nsso_start_url = u\n', { AWS_PROFILE: 'old' }],
    [
      'the profile "default" assumes a role',
      '[default]\nrole_arn = r\naws_access_key_id = a\naws_secret_access_key = b\n',
      {},
    ],
    ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is set', '', { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x' }],
    ['AWS_EC2_METADATA_SERVICE_ENDPOINT is set', '', { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://x' }],
  ])('says so in one line where that is not installed: %s', async (needed, config, environment) => {
    write('.aws/config', config);
    expect(await found(environment)).toBe(`${needed}: ${advice}`);
  });

  /** The package, as it could be installed in the project. */
  const install = (body: string): string =>
    write(
      'node_modules/@aws-sdk/credential-provider-node/index.js',
      `exports.defaultProvider = (options) => async () => { ${body} };`,
    );

  test('is asked of the one in the project, with the profile', async () => {
    write('.aws/config', '[profile sso]\nsso_session = s\n');
    install('return { accessKeyId: options.profile, secretAccessKey: "s", expiration: new Date(5) };');
    expect(await found({ AWS_PROFILE: 'sso' })).toMatchObject({ accessKeyId: 'sso', expiresAt: 5 });
  });

  test('fails with what the package says', async () => {
    write('.aws/config', '[default]\nsso_session = s\n');
    install('throw new Error("The SSO session has expired.\\nat a line");');
    expect(await found()).toBe(
      'the profile "default" signs in by SSO, and @aws-sdk/credential-provider-node failed: The SSO session has expired.',
    );
  });

  test('and is not configured is no fault: requests are unsigned', async () => {
    install('throw new Error("Could not load credentials from any providers");');
    expect(await found()).toBeUndefined();
  });
});
