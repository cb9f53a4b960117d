import { spawn, spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { createRig, type Rig } from '../rig/rig.ts';

const isThere = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

function projectOf(rig: Rig, cmd: readonly string[]): void {
  rig.write({ 'pipeline.yaml': { stages: { train: { cmd, outs: { m: 'm' } } } } });
}

describe('a hangup never ends a run', () => {
  test('SIGHUP to the runner: the run continues', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    projectOf(rig, train.cmd);
    const run = rig.process('run');
    const started = await train.nextStart();
    run.kill('SIGHUP');
    await started.exit(0, { m: 'weights' });
    expect(await run.result).toMatchObject({ code: 0, json: { ran: ['train'] } });
  });

  test.each<[string, string, readonly string[]]>([
    ['a bare command', 'MAIN run --json', []],
    ['a command under nohup', 'nohup MAIN run', ['nohup']],
    ["a command under trap '' HUP", "trap '' HUP; MAIN run", []],
    ['npx', 'npx --no-install pipeline run', ['npx']],
    ['npx under nohup', 'nohup npx --no-install pipeline run', ['nohup', 'npx']],
  ])('%s whose terminal is closed runs to its end', async (_, command, needed) => {
    const missing = ['script', ...needed].filter((program) => !isThere(program));
    if (missing.length > 0) return console.warn(`skipped: no ${missing.join(', ')}`);
    await using rig = await createRig();
    const { main } = await programs();
    const train = rig.puppet();
    projectOf(rig, train.cmd);
    const bin = join(rig.root, 'node_modules/.bin/pipeline');
    rig.write({ [relative(rig.root, bin)]: `#!/usr/bin/env node\nimport(${JSON.stringify(main)});\n` });
    chmodSync(bin, 0o755);
    const words = command.replace('MAIN', `${process.execPath} ${main}`);
    const terminal = spawn('script', ['-qec', words, '/dev/null'], {
      cwd: rig.root,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const started = await train.nextStart();
    terminal.kill('SIGKILL');
    await started.exit(0, { m: 'weights' });
    expect((await rig.process('run', '--wait').result).json).toMatchObject({ 'up-to-date': ['train'] });
    const { runs } = (await rig.process('history', '--json').result).json;
    expect(runs).toMatchObject([{ exitCode: 0 }, { exitCode: 0, counts: { ran: 1 } }]);
  });

  test('a stage has no controlling terminal', async () => {
    await using rig = await createRig();
    projectOf(rig, ['sh', '-c', '(: < /dev/tty) 2> "$0" || exit 0; exit 1', '${outs.m}']);
    const { main } = await programs();
    const words = `${process.execPath} ${main} run`;
    if (!isThere('script')) return console.warn('skipped: no script');
    expect(spawnSync('script', ['-qec', words, '/dev/null'], { cwd: rig.root }).status).toBe(0);
  });
});
