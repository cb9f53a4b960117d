import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A server of S3 that runs for a test, on loopback, with one user. */
export interface S3Server extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
  /** Where the server keeps its files, for tests that spoil them; undefined: not as files. */
  readonly files: string | undefined;
  /** Makes a bucket of its own; gives the address. */
  bucket(): Promise<string>;
}

export type S3Kind = 'versitygw' | 'seaweedfs';

/** The program of each server: looked for in S3_BIN and PATH. */
const programNames: Readonly<Record<S3Kind, string>> = { versitygw: 'versitygw', seaweedfs: 'weed' };

/** The servers that can be started here. */
export const serversHere = (Object.keys(programNames) as S3Kind[]).filter(
  (kind) => programPath(programNames[kind]) !== undefined,
);

const [accessKey, secretKey] = ['testaccess', 'testsecret123456'];

function programPath(name: string): string | undefined {
  const folders = [process.env['S3_BIN'], process.env['PATH']].flatMap(
    (list) => list?.split(delimiter) ?? [],
  );
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export async function startServer(kind: S3Kind): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 's3-'));
  mkdirSync(join(folder, 'data'));
  mkdirSync(join(folder, 'meta'));
  const port = await freePort();
  const program = programPath(programNames[kind]);
  if (program === undefined) throw new Error(`${kind} is not here`);
  const child = spawn(program, await words(kind, folder, port), {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder },
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(endpoint, child);
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  let buckets = 0;
  return {
    environment,
    files: kind === 'versitygw' ? join(folder, 'data') : undefined,
    async bucket() {
      buckets += 1;
      const { makeBucket } = await import('./make-bucket.ts');
      await makeBucket(`bucket-${buckets}`, environment);
      return `s3://bucket-${buckets}/some/prefix`;
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGKILL')) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function words(kind: S3Kind, folder: string, port: number): Promise<readonly string[]> {
  const data = join(folder, 'data');
  if (kind === 'versitygw') {
    const user = ['--access', accessKey, '--secret', secretKey, '--region', 'us-east-1'];
    const files = ['posix', '--sidecar', join(folder, 'meta'), data];
    return ['--port', `127.0.0.1:${port}`, ...user, '--quiet', ...files];
  }
  const identity = {
    name: 'test',
    credentials: [{ accessKey, secretKey }],
    actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
  };
  writeFileSync(join(folder, 's3.json'), JSON.stringify({ identities: [identity] }));
  // Each of its ports of HTTP has another beside it, 10,000 higher.
  const [master, volume, filer] = [await freePort(), await freePort(), await freePort()];
  const where = ['-ip=127.0.0.1', '-ip.bind=127.0.0.1', `-dir=${data}`];
  const volumes = ['-volume.max=200', '-master.volumeSizeLimitMB=64', '-master.telemetry=false'];
  const ports = [`-master.port=${master}`, `-volume.port=${volume}`, `-filer.port=${filer}`];
  const s3 = ['-filer', '-s3', `-s3.port=${port}`, '-s3.port.iceberg=0'];
  const config = `-s3.config=${join(folder, 's3.json')}`;
  return ['-logtostderr=true', 'server', ...where, ...volumes, ...ports, ...s3, config];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port > 50_000 ? freePort() : address.port;
}

/** Asks until the server has an answer of its own. */
async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  const late = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const status = await fetch(endpoint).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status !== 0 && status !== 404 && status < 500) return;
    if (Date.now() > late) throw new Error('the server does not answer');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
