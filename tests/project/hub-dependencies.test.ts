import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type LoopbackHub, openLoopbackHub } from '../hub/loopback-hub.ts';
import { createRig } from '../rig/rig.ts';
import { openDatabase } from '../rig/open-database.ts';

const commit = 'a'.repeat(40);

describe('a dep that is a model of the hub', () => {
  let hub: LoopbackHub;
  let home: string;

  beforeAll(async () => {
    hub = await openLoopbackHub();
    home = mkdtempSync(join(tmpdir(), 'hub-home-'));
    hub.repositories.set('owner/name', {
      commit,
      names: ['main'],
      files: {
        'config.json': Buffer.from('{"model_type": "mt5"}'),
        'model.safetensors': Buffer.from('weights'),
      },
      large: ['model.safetensors'],
    });
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    await hub[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  test('is fetched once and its commit recorded, and later runs read it without a request', async () => {
    vi.stubEnv('HF_ENDPOINT', hub.endpoint);
    vi.stubEnv('HF_HOME', home);
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: {
          copy: {
            cmd: 'cp ${deps.base}/model.safetensors ${outs.copy}',
            deps: { base: 'hf:owner/name@main' },
            outs: { copy: 'copy' },
          },
        },
      },
    });

    const first = await rig.pipeline('run').result;
    expect(first.json, first.stderr).toMatchObject({ ran: ['copy'] });
    expect(first.stderr).toContain('hf:owner/name@main  fetched, 28 B');
    expect(readFileSync(join(rig.root, 'artifacts/pipeline/copy/copy'), 'utf8')).toBe('weights');
    expect(readFileSync(join(rig.root, 'pipeline.lock'), 'utf8')).toContain(commit);

    const asked = hub.requests.length;
    // The third, too: that there was nothing to do is not remembered without a look at the model.
    for (let run = 0; run < 3; run++)
      expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['copy'] });
    expect(hub.requests.length).toBe(asked);
    const database = openDatabase(join(rig.root, 'cache/pipeline.sqlite'), { readonly: true });
    expect(database.prepare("SELECT count(*) FROM idle WHERE record <> ''").pluck().get()).toBe(0);
    database.close();
  });

  test('or a data set, or a part of it, by the same rules: the key holds its bytes', async () => {
    hub.repositories.set('datasets/owner/rows', {
      commit,
      names: ['main'],
      files: {
        'README.md': Buffer.from('rows'),
        'data/a.jsonl': Buffer.from('{"human": "q", "assistant": "a"}\n'),
      },
    });
    vi.stubEnv('HF_ENDPOINT', hub.endpoint);
    vi.stubEnv('HF_HOME', home);
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: {
          rows: {
            cmd: 'cat ${deps.raw}/a.jsonl ${deps.file} > ${outs.rows}',
            deps: {
              raw: 'hf:datasets/owner/rows@main/data',
              file: 'hf:datasets/owner/rows@main/data/a.jsonl',
            },
            outs: { rows: 'rows' },
          },
        },
      },
    });
    const status = await rig.pipeline('status').result;
    expect(status.stdout + status.stderr).toContain('hf:datasets/owner/rows@main/data');
    const first = await rig.pipeline('run').result;
    expect(first.json, first.stderr).toMatchObject({ ran: ['rows'] });
    expect(first.stderr).toContain('hf:datasets/owner/rows@main/data  fetched');
    expect(rig.read('artifacts/pipeline/rows/rows')).toBe('{"human": "q", "assistant": "a"}\n'.repeat(2));
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['rows'] });
  });

  test('that is unavailable fails before anything runs, with its position in the YAML', async () => {
    vi.stubEnv('HF_ENDPOINT', hub.endpoint);
    vi.stubEnv('HF_HOME', home);
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: { copy: { cmd: 'true', deps: { base: 'hf:owner/nowhere@main' }, outs: { copy: 'copy' } } },
      },
    });
    const { code, stderr } = await rig.pipeline('run').result;
    expect(code).toBe(2);
    expect(stderr).toMatch(/pipeline\.yaml:\d+:\d+/);
    expect(stderr).toContain('owner/nowhere');
    expect(existsSync(join(rig.root, 'pipeline.lock'))).toBe(false);
  });

  test('missing while offline: reported by status and refused by run, without a request', async () => {
    vi.stubEnv('HF_ENDPOINT', hub.endpoint);
    vi.stubEnv('HF_HOME', join(home, 'empty'));
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: { copy: { cmd: 'true', deps: { base: 'hf:owner/name@main' }, outs: { copy: 'copy' } } },
      },
    });
    const asked = hub.requests.length;
    const { code, stderr } = await rig.pipeline('run').result;
    expect(code).toBe(2);
    expect(stderr.toLowerCase()).toContain('offline');
    expect((await rig.pipeline('status').result).code).toBe(0);
    expect(hub.requests.length).toBe(asked);
  });
});
