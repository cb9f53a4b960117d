import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { fakeNvidiaSmi, fakeUuid } from '../rig/fake-nvidia-smi.ts';
import { createRig, type Rig } from '../rig/rig.ts';

const cache = mkdtempSync(join(tmpdir(), 'user-cache-'));
const engines = join(cache, 'medical-qa-pipeline/engines/far');

/** Puts an engine there as `pipeline setup` does. */
function install(version: string, library: string, gpu = false): void {
  mkdirSync(join(engines, version), { recursive: true });
  writeFileSync(join(engines, version, 'lib.so'), library);
  const files = { 'lib.so': { digest: digestOf(library), size: library.length } };
  writeFileSync(
    join(engines, 'installed.json'),
    JSON.stringify({ version: `Far ${version}`, gpu, folder: version, files }),
  );
}

const stage = `
import { readFileSync, writeFileSync } from 'node:fs';
export const stage = {
  params: { type: 'object', properties: { runtime: { enum: ['near', 'far', 'auto'] }, device: { enum: ['cpu', 'cuda', 'auto'] } }, required: ['runtime'], additionalProperties: false },
  deps: [], outs: ['out'],
  engines: { by: 'runtime', programs: { near: '../engines/near', far: '../engines/far' }, installed: ['far'], auto: { cuda: 'far', cpu: 'near' }, device: 'device' },
  run({ engine, engineFolder, outs }) {
    writeFileSync(outs.out, engine.name + ' ' + (engineFolder === undefined ? 'no folder' : readFileSync(engineFolder + '/lib.so', 'utf8')));
  },
};`;

describe('an engine installed for all projects of a user', () => {
  let rig: Rig;
  const before = process.env['XDG_CACHE_HOME'];
  beforeAll(async () => {
    process.env['XDG_CACHE_HOME'] = cache;
    rig = await createRig();
    rig.write({
      'stages/a.ts': stage,
      'engines/near.ts': "export const name = 'near';",
      'engines/far.ts': "export const name = 'far';",
      'pipeline.yaml': `stages:
  a:
    matrix: { runtime: [near, far] }
    uses: stages/a.ts
    params: { runtime: "\${runtime}" }
    outs: { out: out.txt }
`,
    });
  });
  afterAll(async () => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
    await rig[Symbol.asyncDispose]();
    rmSync(cache, { recursive: true });
  });

  test('is a fault at the param that names it where it is missing, and of no other instance', async () => {
    const refused = await rig.pipeline('run').result;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /pipeline\.yaml:3:31: error: the engine "far" is not installed: run `npx pipeline setup far`/,
    );
    expect((await rig.pipeline('run', 'a[near]').result).json).toMatchObject({ ran: ['a[near]'] });
    expect(rig.read('artifacts/pipeline/a/near/out.txt')).toBe('near no folder');
  });

  test('is passed to the stage by its folder', async () => {
    install('1.0.0', 'one');
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a[far]'] });
    expect(rig.read('artifacts/pipeline/a/far/out.txt')).toBe('far one');
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: [] });
  });

  test('counts by its bytes: another version reruns its stages, with the engine as the reason', async () => {
    install('2.0.0', 'two');
    const { stdout } = await rig.pipeline('explain', 'a[far]').result;
    expect(stdout).toMatch(
      /installed engine far: Far 1\.0\.0 \([0-9a-f]{12}\) → Far 2\.0\.0 \([0-9a-f]{12}\)/,
    );
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a[far]'] });
    expect(rig.read('artifacts/pipeline/a/far/out.txt')).toBe('far two');
  });

  test('is chosen by "auto" where it can use a GPU; otherwise the other one is', async () => {
    const yaml = (fields: string) =>
      `stages: { b: { uses: stages/a.ts, ${fields}, outs: { out: out.txt } } }`;
    const keyOf = async (file: string, instance: string): Promise<unknown> =>
      JSON.parse((await rig.pipeline('explain', instance, '--json', '-f', file).result).stdout).key;
    rig.write({
      'auto.yaml': yaml('params: { runtime: auto }'),
      'cpu.yaml': yaml('params: { runtime: auto, device: cpu }, resources: { gpus: 1 }'),
      'wrong.yaml': yaml('params: { runtime: near, device: cuda }'),
    });
    expect(await keyOf('auto.yaml', 'b')).toBe(await keyOf('pipeline.yaml', 'a[near]'));
    expect((await rig.pipeline('run', '-f', 'auto.yaml').result).code).toBe(0);
    expect(rig.read('artifacts/auto/b/out.txt')).toBe('near no folder');
    const contradictions = [
      ['cpu.yaml', /cpu\.yaml:1:\d+: error: "device" is "cpu", but the stage asks for a GPU/],
      ['wrong.yaml', /wrong\.yaml:1:\d+: error: the engine "near" computes on the CPU: use "far"/],
    ] as const;
    for (const [file, message] of contradictions) {
      const refused = await rig.pipeline('run', '-f', file).result;
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(message);
    }
  });

  test('a result that "auto" made on a GPU stays the result where there is none until it changes', async () => {
    const file = ['-f', 'gpu.yaml'];
    rig.write({
      'gpu.yaml': 'stages: { g: { uses: stages/a.ts, params: { runtime: auto }, outs: { out: out.txt } } }',
    });
    install('3.0.0', 'three', true);
    fakeNvidiaSmi([{ uuid: fakeUuid('a'), usedMebibytes: 0, totalMebibytes: 24_000, busy: '0' }]);
    expect((await rig.pipeline('run', ...file).result).json).toMatchObject({ ran: ['g'] });
    expect(rig.read('artifacts/gpu/g/out.txt')).toBe('far three');
    fakeNvidiaSmi([]);
    rmSync(join(engines, 'installed.json'));

    const status = JSON.parse((await rig.pipeline('status', '--json', ...file).result).stdout);
    expect(status.instances).toMatchObject([{ instance: 'g', state: 'up-to-date', madeOn: 'cuda' }]);
    expect((await rig.pipeline('status', ...file).result).stdout).toMatch(/^g +up to date +made on cuda$/m);
    expect((await rig.pipeline('run', ...file).result).json).toMatchObject({ ran: [] });
    rmSync(join(rig.root, 'artifacts/gpu/g/out.txt'));
    expect((await rig.pipeline('run', ...file).result).json).toMatchObject({ ran: [], restored: ['g'] });
    expect(rig.read('artifacts/gpu/g/out.txt')).toBe('far three');

    rig.write({ 'engines/far.ts': "export const name = 'far, changed';" });
    // That of the other engine, which an instance with the same key has computed before.
    expect((await rig.pipeline('run', ...file).result).json).toMatchObject({ restored: ['g'] });
    expect(rig.read('artifacts/gpu/g/out.txt')).toBe('near no folder');
    rig.write({ 'engines/far.ts': "export const name = 'far';" });
    vi.unstubAllEnvs();
    install('2.0.0', 'two');
  });

  test('that is damaged is a fault, not a result', async () => {
    truncateSync(join(engines, '2.0.0/lib.so'), 1);
    const refused = await rig.pipeline('run').result;
    expect(refused.stderr).toMatch(/the engine "far" is damaged \(.*lib\.so\): run `npx pipeline setup far`/);
    expect((await rig.pipeline('run', 'a[near]').result).code).toBe(0);
  });
});
