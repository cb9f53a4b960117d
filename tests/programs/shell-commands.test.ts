import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inProcess } from '../rig/in-process.ts';
import { createRig } from '../rig/rig.ts';
import { wholeRun } from '../rig/whole-run.ts';

const stage = (fields: object, more: object = {}): object => ({ ...more, stages: { a: fields } });

describe('a shell command', () => {
  test('fails at the first failing line, and does not run later lines', async () => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': stage({ cmd: 'false\necho x > ${outs.o}', outs: { o: 'o' } }) });
    expect((await project.run()).outcomes).toEqual({ a: 'failed' });
  });

  test.each([
    ['a pipeline', { shell: ['bash', '-c'] }, {}],
    ['a stage', { shell: ['bash', '-e', '-c'] }, { shell: ['/bin/sh', '-c'] }],
  ])('has the shell of %s', async (_, pipeline, own) => {
    using project = inProcess();
    project.write({
      'pipeline.yaml': stage({ cmd: 'false\necho "$0" > ${outs.o}', outs: { o: 'o' }, ...own }, pipeline),
    });
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
  });

  test('reruns when its shell or an option of it changes', async () => {
    using project = inProcess();
    const outcome = async (more: object): Promise<string | undefined> => {
      project.write({ 'pipeline.yaml': stage({ cmd: 'echo x > ${outs.o}', outs: { o: 'o' } }, more) });
      return (await project.run()).outcomes['a'];
    };
    expect(await outcome({})).toBe('ran');
    expect(await outcome({ shell: ['/bin/sh', '-e', '-c'] })).toBe('up-to-date');
    expect(await outcome({ shell: ['/bin/sh', '-c'] })).toBe('ran');
    expect(await outcome({ shell: ['bash', '-euo', 'pipefail', '-c'] })).toBe('ran');
    expect(await outcome({})).not.toBe('ran');
  });

  test.each([
    [{ shell: ['fish', '-c'] }, 'bad-shell'],
    [{ shell: ['bash'] }, 'bad-shell'],
    [{ shell: ['no-such/bash', '-c'] }, 'missing-program'],
    [{ shell: ['bash', '-c'], cmd: ['true'] }, 'program'],
    [{ shell: ['bash', '-c'], cmd: undefined, uses: 'a.ts' }, 'program'],
  ])('is refused where its shell is invalid: %j', async (fields, code) => {
    using project = inProcess();
    project.write({ 'a.ts': '', 'pipeline.yaml': stage({ cmd: 'true', ...fields }) });
    expect((await project.run()).problem).toContain(`${code}: `);
  });
});

describe('a script that cannot be started is reported before anything runs', () => {
  test.each([
    ['with Windows line ends', '#!/bin/sh\r\necho x\r\n', 'its line ends are those of Windows (CRLF)'],
    [
      'with Windows line ends and env',
      '#!/usr/bin/env python3\r\n',
      'its line ends are those of Windows (CRLF)',
    ],
    [
      'with an interpreter that is not there',
      '#!/usr/bin/no-such-shell\n',
      'the program /usr/bin/no-such-shell does not exist',
    ],
    [
      'with one that env would not find',
      '#!/usr/bin/env no-such-python\n',
      'the program no-such-python does not exist',
    ],
  ])('%s', async (_, script, message) => {
    for (const fields of [{ cmd: ['./run.sh'] }, { cmd: 'true && ./run.sh', code: ['run.sh'] }]) {
      using project = inProcess();
      project.write({ 'run.sh': script, 'pipeline.yaml': stage(fields) });
      chmodSync(join(project.root, 'run.sh'), 0o755);
      expect((await project.run()).problem).toMatch(/^bad-interpreter: /);
      expect((await project.run()).problem).toContain(message);
    }
  });

  test('a script that starts is accepted', async () => {
    using project = inProcess();
    project.write({
      'run.sh': '#!/usr/bin/env -S sh -e\nexit 0\n',
      'pipeline.yaml': stage({ cmd: ['./run.sh'] }),
    });
    chmodSync(join(project.root, 'run.sh'), 0o755);
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
  });
});

test('a list of commands, as in other tools, is refused before the run with what to write', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': stage({ cmd: ['echo a > ${outs.o}', 'echo b'], outs: { o: 'o' } }) });
  const forecast = await project.ask((open) => open.dryRun(wholeRun));
  const [fault] = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
  expect([fault?.code, fault?.help]).toEqual([
    'missing-program',
    expect.stringContaining('cmd: "echo a > ${outs.o}\\necho b"'),
  ]);
});

describe('a file that a command writes beside its outs', () => {
  const writes = (cmd: unknown): object => stage({ cmd, outs: { o: 'o' } });
  const log = 'echo x > ${outs.o}; echo "$(date +%N)" > train.log';

  test.each([
    ['by a redirection', log],
    ['by tee', 'echo x | tee train.log > ${outs.o}'],
    ['by a program that is told its name', 'echo x > ${outs.o}; cp -f ${outs.o} train.log'],
    [
      'by a program started without a shell',
      ['sh', '-c', 'echo x > "$0"; echo y > "$1"', '${outs.o}', 'train.log'],
    ],
  ])('%s: the same YAML is valid the second time too, and the file is left alone', async (_, cmd) => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': writes(cmd) });
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
    expect((await project.run()).outcomes).toEqual({ a: 'up-to-date' });
    expect((await project.run({ force: true })).outcomes).toEqual({ a: 'ran' });
    expect(existsSync(join(project.root, 'train.log'))).toBe(true);
  });

  test('that existed before any attempt counts as an input: an error, as before', async () => {
    using project = inProcess();
    project.write({ 'train.log': 'mine', 'pipeline.yaml': writes('cp -f train.log ${outs.o}') });
    expect((await project.run()).problem).toContain('undeclared-file');
    // Another stage that made it does not make it this one's.
    rmSync(join(project.root, 'train.log'));
    project.write({
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'echo x > ${outs.o}; cp -f ${outs.o} train.log', outs: { o: 'o' } },
          b: { cmd: ['true'], deps: { o: { from: 'a', out: 'o' } } },
        },
      },
    });
    expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'ran' });
    project.write({
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'echo x > ${outs.o}; cp -f ${outs.o} train.log', outs: { o: 'o' } },
          b: { cmd: ['cat', 'train.log'], deps: { o: { from: 'a', out: 'o' } } },
        },
      },
    });
    expect((await project.run()).problem).toContain('undeclared-file');
  });

  test('is not remembered where it did not appear: a file created there later is an input', async () => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': writes('echo x > ${outs.o}; echo rows.txt') });
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
    project.write({ 'rows.txt': 'mine' });
    expect((await project.run()).problem).toContain('undeclared-file');
  });

  test('is known while the stage runs, and after a kill', async () => {
    await using rig = await createRig();
    const puppet = rig.puppet();
    rig.write({ 'pipeline.yaml': stage({ cmd: [...puppet.cmd, 'train.log'], outs: { o: 'o' } }) });
    const run = rig.process('run');
    const started = await puppet.nextStart();
    await started.order('write', { files: { 'train.log': 'step 1' } });
    expect((await rig.pipeline('status').result).code).toBe(0);
    run.kill('SIGKILL');
    await run.result;
    await started.gone;
    const again = rig.pipeline('run');
    await (await puppet.nextStart()).exit(0, { o: 'x' });
    expect((await again.result).code).toBe(0);
  });
});
