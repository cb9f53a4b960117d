import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/runner/store/database/open-store.ts';
import { recordPlatform } from '../../src/runner/store/platforms.ts';
import type { Puppet } from '../rig/puppets.ts';
import { queueHere, writeQueue } from '../rig/queue-here.ts';
import { createRig, type Rig, until } from '../rig/rig.ts';

async function project(
  stages: (puppet: Puppet) => object,
  more: object = {},
): Promise<Rig & { readonly stage: Puppet }> {
  const rig = await createRig();
  const stage = rig.puppet();
  writeQueue(rig);
  rig.write({
    'pipeline.yaml': {
      name: 'p',
      executor: 'own',
      executors: { own: { ...queueHere, ...more } },
      stages: stages(stage),
    },
  });
  return { ...rig, stage };
}

/** The fourth field of proc_pid_stat(5); the name before it may hold spaces. */
const parentOf = (pid: number): number =>
  Number(
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*[)] /, '')
      .split(' ')[1],
  );

/** The folders of the attempts whose jobs have ended: their wrappers wrote how. */
const endedJobs = ({ root }: Rig): readonly string[] =>
  readdirSync(join(root, 'cache/attempts'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.result.json'))
    .map((path) => join(root, 'cache/attempts', dirname(path)));

const train = ({ cmd }: Puppet): object => ({ train: { cmd, outs: { m: 'm' } } });

describe('a queue of three commands', () => {
  test('runs a stage elsewhere: progress, output and result arrive; dependents run here', async () => {
    await using rig = await project(({ cmd }) => ({
      train: { cmd, outs: { m: 'm' } },
      eval: {
        cmd: ['cp', '${deps.m}', '${outs.c}'],
        executor: 'local',
        deps: { m: { from: 'train', out: 'm' } },
        outs: { c: 'c' },
      },
    }));
    const run = rig.pipeline('run');
    const stage = await rig.stage.nextStart();
    await stage.order('event', { line: '{"kind":"warning","text":"halfway"}' });
    await run.said('halfway');
    await stage.order('print', { text: 'printed\n' });
    await stage.exit(0, { m: 'weights' });
    const result = await run.result;
    expect(result).toMatchObject({ code: 0, json: { ran: ['train', 'eval'] } });
    expect(
      result.events.flatMap((event) => (event.kind === 'output' ? [event.text] : [])).join(''),
    ).toContain('printed');
    expect((await rig.pipeline('run').result).json['up-to-date']).toEqual(['train', 'eval']);
  });

  test('a TypeScript stage runs from the submitted bundle, even after its file has changed', async () => {
    await using rig = await project(() => ({ a: { uses: 'stages/a.ts', outs: { o: 'o' } } }));
    const program = (text: string): string =>
      `import { writeFileSync } from 'node:fs';\n` +
      `export const stage = { params: { type: 'object' }, deps: [], outs: ['o'], async run({ ` +
      `outs, cpus }) { writeFileSync(outs.o, '${text} ' + cpus); } };`;
    rig.write({ 'stages/a.ts': program('old') });
    await rig.pipeline('run').result;
    rig.write({
      'submit.sh':
        '#!/bin/sh\nsetsid sh -c \'while [ ! -e go ]; do sleep 0.05; done; "$0"\' "$1" ' +
        '>/dev/null 2>&1 </dev/null &\necho $!\n',
    });
    await rig.pipeline('run', '--force', '--detach').result;
    rig.write({ 'stages/a.ts': program('new'), go: '' });
    await until(() => endedJobs(rig).length > 0, 10_000);
    expect(endedJobs(rig).map((folder) => readFileSync(join(folder, 'outs/o'), 'utf8'))).toEqual(['old 1']);
    expect((await rig.pipeline('run').result).json['ran']).toEqual(['a']);
    expect(rig.read('artifacts/p/a/o')).toBe('new 1');
  });

  test('a job killed with its wrapper is lost after the grace period, and starts again', async () => {
    await using rig = await project(train);
    const run = rig.pipeline('run');
    const first = await rig.stage.nextStart();
    const wrapper = await first.order('parent');
    process.kill(Number(wrapper), 'SIGKILL');
    process.kill(first.pid, 'SIGKILL');
    const second = await rig.stage.nextStart();
    await second.exit(0, { m: 'again' });
    const result = await run.result;
    expect(result.json['ran']).toEqual(['train']);
    expect(result.events.filter(({ kind }) => kind === 'retrying')).toMatchObject([
      { failure: { kind: 'lost' } },
    ]);
  });

  test('while the queue cannot be polled, jobs are waited for, and their results count', async () => {
    await using rig = await project(train);
    const run = rig.pipeline('run');
    const stage = await rig.stage.nextStart();
    rig.write({ broken: '' });
    await stage.exit(0, { m: 'weights' });
    expect((await run.result).json['ran']).toEqual(['train']);
  });

  test('a job is cancelled even where the queue signals the program before the wrapper', async () => {
    await using rig = await project(train);
    const run = rig.pipeline('run');
    const stage = await rig.stage.nextStart();
    const wrapper = parentOf(stage.pid);
    process.kill(stage.pid, 'SIGKILL');
    process.kill(wrapper, 'SIGTERM');
    expect((await run.result).events.find(({ kind }) => kind === 'finished')).toMatchObject({
      outcome: { kind: 'failed', failure: { kind: 'cancelled' } },
    });
  });

  test('an abandoned copy of an attempt ends its program, and publishes nothing', async () => {
    await using rig = await project(train);
    const run = rig.pipeline('run');
    const first = await rig.stage.nextStart();
    // The queue loses it, though it runs on.
    rig.write({ 'poll.sh': '#!/bin/sh\n[ "$1" = LOST ] || [ -e found ] && echo running || echo gone\n' });
    const second = await rig.stage.nextStart();
    rig.write({ found: '' });
    await first.gone;
    await second.exit(0, { m: 'of the second' });
    expect((await run.result).json['ran']).toEqual(['train']);
    expect(rig.read('artifacts/p/train/m')).toBe('of the second');
  });

  test('waiting for the probe job is reported; Ctrl-C cancels it and ends the run', async () => {
    await using rig = await project(train);
    rig.write({
      'submit.sh': '#!/bin/sh\necho 1\n',
      'poll.sh': '#!/bin/sh\necho pending\n',
      'cancel.sh': '#!/bin/sh\ntouch cancelled\n',
    });
    const run = rig.pipeline('run');
    await run.said('the job that inspects its nodes waits in the queue');
    run.kill('SIGINT');
    expect(await run.result).toMatchObject({ code: 130, json: { ran: [], failed: [] } });
    expect(rig.exists('cancelled')).toBe(true);
  });

  test('a node of another platform starts nothing; the instance is planned again for it', async () => {
    await using rig = await project(() => ({
      a: { cmd: ['sh', '-c', 'echo once >> started; echo made > "$0"', '${outs.o}'], outs: { o: 'o' } },
    }));
    await rig.pipeline('run').result;
    const store = openStore(join(rig.root, 'cache/pipeline.sqlite'));
    if (!store.ok) throw new Error(store.error.message);
    const [nodes] = store.value.sql('SELECT nodes FROM platforms').pluck().all();
    recordPlatform(store.value, String(nodes), { os: 'linux', arch: 's390x', node: '20' });
    store.value.close();
    const result = await rig.pipeline('run', '--force').result;
    expect(result).toMatchObject({ code: 0, json: { ran: ['a'] } });
    expect(result.events.filter(({ kind }) => kind === 'started')).toHaveLength(2);
    expect(rig.read('started')).toBe('once\nonce\n');
    expect((await rig.pipeline('run').result).json['up-to-date']).toEqual(['a']);
  });

  test('a refused submission fails with the message of the command', async () => {
    await using rig = await project(() => ({ a: { cmd: ['true'] } }));
    await rig.pipeline('run').result;
    rig.write({ 'submit.sh': '#!/bin/sh\necho "no more jobs for you" >&2\nexit 1\n' });
    expect((await rig.pipeline('run', '--force').result).stderr).toContain('no more jobs for you');
  });

  test('verify --rerun executes where the instance runs, and compares; Ctrl-C ends its job', async () => {
    await using rig = await project(train);
    const run = rig.pipeline('run');
    await (await rig.stage.nextStart()).exit(0, { m: 'weights' });
    await run.result;
    for (const [text, code] of [
      ['weights', 0],
      ['other', 1],
    ] as const) {
      const verified = rig.pipeline('verify', '--rerun', 'train');
      const stage = await rig.stage.nextStart();
      expect(readdirSync(join(rig.root, 'cache/attempts'), { recursive: true }).join()).toContain('job.json');
      await stage.exit(0, { m: text });
      expect((await verified.result).code).toBe(code);
    }
    const stopped = rig.pipeline('verify', '--rerun', 'train');
    const stage = await rig.stage.nextStart();
    stopped.kill('SIGINT');
    await stage.gone;
    expect(await stopped.result).toMatchObject({ code: 2 });
    expect((await rig.pipeline('run').result).json['up-to-date']).toEqual(['train']);
    expect(rig.read('artifacts/p/train/m')).toBe('weights');
  });

  test('gc deletes attempts whose jobs are over and that nothing needs, and keeps the others', async () => {
    await using rig = await project(train);
    await rig.pipeline('run', '--detach').result;
    const stage = await rig.stage.nextStart();
    const attempts = (): number => readdirSync(join(rig.root, 'cache/attempts')).length;
    rig.write({ 'pipeline.yaml': rig.read('pipeline.yaml').replace('"m":"m"', '"m":"other"') });
    const inFlight = await rig.pipeline('gc', '--json').result;
    expect(inFlight.json).toMatchObject({ files: [], kept: { attempts: [{ instance: 'train' }] } });
    expect(attempts()).toBe(1);
    await stage.exit(0, { m: 'weights' });
    await until(() => endedJobs(rig).length > 0, 10_000);
    const dry = await rig.pipeline('gc', '--dry-run', '--json').result;
    expect(dry.json['files']).toContainEqual(expect.stringMatching(/^cache\/attempts\/[0-9a-f]{64}$/));
    expect(attempts()).toBe(1);
    const collected = await rig.pipeline('gc', '--json').result;
    expect(collected.json).toMatchObject({ files: dry.json['files'], kept: { attempts: [] } });
    expect(attempts()).toBe(0);
    const status = await rig.pipeline('status', '--json').result;
    expect(status.json['instances']).toMatchObject([{ state: 'out-of-date' }]);
  });

  test('gc keeps a result that no run has taken up yet', async () => {
    await using rig = await project(train);
    await rig.pipeline('run', '--detach').result;
    await (await rig.stage.nextStart()).exit(0, { m: 'weights' });
    await until(() => endedJobs(rig).length > 0, 10_000);
    expect((await rig.pipeline('gc', '--json').result).json['files']).toEqual([]);
    expect((await rig.pipeline('run').result).json['ran']).toEqual(['train']);
    expect(rig.stage.waiting).toBe(0);
  });

  test('`pipeline cancel` cancels a job, and waits until it has ended', async () => {
    await using rig = await project(train);
    await rig.pipeline('run', '--detach').result;
    await rig.stage.nextStart();
    expect((await rig.pipeline('cancel', '--json').result).json['cancelled']).toEqual(['train']);
    await until(() => rig.survivors().length === 0, 5000);
    expect((await rig.pipeline('cancel', '--json').result).json['cancelled']).toEqual([]);
  });
});
