import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from './loopback-hub.ts';
import { commit, openRig, problemOf, type Rig, valueOf, weights } from './rig.ts';

const root = join(import.meta.dirname, '../..');
const weightsPath = `/${sha256(weights)}`;

let scratch = '';
beforeAll(async () => {
  // Where an import of a package finds those of this project.
  scratch = await mkdtemp(join(root, 'node_modules/.hub-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'fetching-process.ts')],
    outfile: join(scratch, 'fetch.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['undici'],
    logLevel: 'error',
  });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** A process of its own that fetches the model; better-sqlite3 is found where this project has it. */
function fetchElsewhere(rig: Rig): ChildProcess & AsyncDisposable {
  const child = spawn(process.execPath, [join(scratch, 'fetch.mjs'), rig.hub.endpoint, rig.folder, commit], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_PATH: join(root, 'node_modules') },
  });
  const over = once(child, 'exit');
  return Object.assign(child, {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await over;
    },
  });
}

/** The first request for the weights is held after half of them, until it is let go. */
function holdWeights(rig: Rig): { readonly held: Promise<void>; readonly letGo: () => void } {
  const gate = new AbortController();
  const gone = once(gate.signal, 'abort');
  let first = true;
  const held = new Promise<void>((resolve) => {
    rig.hub.tricks.push(async ({ path }, response) => {
      if (path !== weightsPath || !first) return false;
      first = false;
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 150_000));
      resolve();
      await gone;
      response.end(weights.subarray(150_000));
      return true;
    });
  });
  return { held, letGo: () => gate.abort() };
}

/** Ends when the fetch of this process tells that it waits. */
function waiting(rig: Rig) {
  const gate = new AbortController();
  const shown = once(gate.signal, 'abort');
  return {
    shown,
    fetched: rig.fetch({
      onProgress: (progress) => {
        if (progress.kind === 'waiting') gate.abort();
      },
    }),
  };
}

const fetchesOfWeights = (rig: Rig): readonly (string | undefined)[] =>
  rig.hub.requests.filter(({ path }) => path === weightsPath).map(({ headers }) => headers['range']);

test('two fetches in one process fetch once', async () => {
  await using rig = await openRig();
  const { held, letGo } = holdWeights(rig);
  const first = rig.fetch();
  await held;
  const { shown, fetched } = waiting(rig);
  await shown;
  letGo();
  expect(valueOf(await fetched)).toEqual(valueOf(await first));
  expect(fetchesOfWeights(rig)).toEqual([undefined]);
});

test('two processes fetch once', async () => {
  await using rig = await openRig();
  const { held, letGo } = holdWeights(rig);
  await using child = fetchElsewhere(rig);
  await held;
  const { shown, fetched } = waiting(rig);
  await shown;
  const exited = once(child, 'exit');
  letGo();
  valueOf(await fetched);
  expect(await exited).toEqual([0, null]);
  expect(fetchesOfWeights(rig)).toEqual([undefined]);
});

test('a killed fetch leaves its partial files, and a waiting process continues there', async () => {
  await using rig = await openRig();
  const { held, letGo } = holdWeights(rig);
  await using child = fetchElsewhere(rig);
  await held;
  // The child tells each piece that it has written.
  for await (const line of child.stdout ?? []) if (String(line).includes('150000')) break;
  const { shown, fetched } = waiting(rig);
  await shown;
  child.kill('SIGKILL');
  valueOf(await fetched);
  letGo();
  expect(fetchesOfWeights(rig)).toEqual([undefined, 'bytes=150000-']);
});

test('waiting can be interrupted', async () => {
  await using rig = await openRig();
  const release = valueOf(rig.world.tryLock(join(rig.folder, `someone--a-model/${commit}.lock`)));
  const stop = new AbortController();
  expect(problemOf(await rig.fetch({ signal: stop.signal, onProgress: () => stop.abort() }))).toEqual({
    kind: 'interrupted',
  });
  release?.();
  valueOf(await rig.fetch());
});

test('different models are fetched at the same time', async () => {
  await using rig = await openRig();
  const repository = rig.hub.repositories.get('someone/a-model');
  if (repository !== undefined)
    rig.hub.repositories.set('someone/another', {
      ...repository,
      files: { ...repository.files, 'model.safetensors': Buffer.from('other') },
    });
  const { held, letGo } = holdWeights(rig);
  const first = rig.fetch();
  await held;
  valueOf(await rig.fetch({ repository: 'someone/another' }));
  letGo();
  valueOf(await first);
});
