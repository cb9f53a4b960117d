import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { python } from './python.ts';

export interface MlflowServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A tracking server of MLflow over a database of its own. */
export async function startMlflowServer(): Promise<MlflowServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mlflow-'));
  const port = await freePort();
  const words = ['-m', 'mlflow', 'server', '--backend-store-uri', 'sqlite:///mlflow.db'];
  const server = spawn(
    python,
    [
      ...words,
      '--default-artifact-root',
      './artifacts',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--workers',
      '1',
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let printed = '';
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (piece: Buffer) => {
      printed += piece.toString();
      if (printed.includes('Application startup complete')) server.emit('ready');
    });
  const ended = once(server, 'exit').then(() => {
    throw new Error(`the server ended: ${printed}`);
  });
  await Promise.race([once(server, 'ready'), ended]);
  ended.catch(() => undefined);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const gone = once(server, 'exit');
      if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
