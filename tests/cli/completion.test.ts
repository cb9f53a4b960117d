import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { install, type Installation, pipeline, run } from './installation.ts';

const hasShell = (name: string): boolean => spawnSync(name, ['-c', 'true']).status === 0;

let installation: Installation;
beforeAll(async () => {
  installation = await install();
  writeFileSync(
    join(installation.folder, 'pipeline.yaml'),
    `
stages:
  train:
    description: One model each point.
    matrix: { data: [small, large], rate: [0.1, 0.2] }
    cmd: echo 1 > \${outs.model}
    outs: { model: model }
  report:
    deps: { models: { from: train, out: model, gather: true } }
    cmd: cat \${deps.models} > \${outs.page}
    outs: { page: page }
`,
  );
  mkdirSync(join(installation.folder, 'experiments'));
  writeFileSync(
    join(installation.folder, 'experiments/other.yaml'),
    'stages: { tiny: { cmd: "echo 1 > ${outs.x}", outs: { x: x } } }\n',
  );
  mkdirSync(join(installation.folder, 'bin'));
  symlinkSync(join(installation.root, 'dist/main.js'), join(installation.folder, 'bin/pipeline'));
});
afterAll(() => installation[Symbol.dispose]());

describe('pipeline complete', () => {
  test('prints one candidate a line with its description, and nothing that help hides', async () => {
    const { code, stdout, stderr } = await pipeline(installation, ['complete', '--', 'gr']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'graph\tShow which instances depend on which.\n',
      stderr: '',
    });
  });

  test('knows the instances of the given pipeline file, with the given values', async () => {
    expect(await following('run', 'tr')).toEqual([
      'train',
      'train:small,0.1',
      'train:small,0.2',
      'train:large,0.1',
      'train:large,0.2',
    ]);
    expect(await following('run', '"train[s')).toEqual(['train[small,0.1]', 'train[small,0.2]']);
    expect(await following('run', '-f', 'experiments/other.yaml', '')).toEqual(['tiny']);
    expect(await following('run', '--set', 'stages.train.matrix.data=[huge]', 'train:')).toEqual([
      'train:huge,0.1',
      'train:huge,0.2',
    ]);
  });

  test('prints nothing when the pipeline file cannot be read', async () => {
    expect(await following('run', '-f', 'absent.yaml', '')).toEqual([]);
  });
});

describe('completion scripts', () => {
  test('bash replaces only the part after the last colon or equals sign', async () => {
    expect(await bashReplies('pipeline ru')).toEqual(['run']);
    expect(await bashReplies('pipeline run train:s')).toEqual(['small,0.1', 'small,0.2']);
    expect(await bashReplies('pipeline run --from=r')).toEqual(['report']);
    expect(await bashReplies('pipeline run report ')).toEqual([
      'train',
      'report',
      'train:small,0.1',
      'train:small,0.2',
      'train:large,0.1',
      'train:large,0.2',
    ]);
    expect(await bashReplies('pipeline run "train[l')).toEqual(['train[large,0.1]', 'train[large,0.2]']);
    expect(await bashReplies('pipeline run -f ')).toEqual([]);
  });

  test('bash completes a shell function that starts the program, as documented', async () => {
    const program = join(installation.root, 'dist/main.js');
    const help = (await pipeline(installation, ['completion', '--help'])).stdout;
    const shown = /^ {2}(pipeline\(\) .*)$/m.exec(help)?.[1] ?? '';
    expect(shown).toBe(`pipeline() { node '${program}' "$@"; }`);
    expect(readFileSync(join(import.meta.dirname, '../../docs/commands.md'), 'utf8')).toContain(
      '\n    pipeline() { node ~/medical-qa-pipeline/dist/main.js "$@"; }\n' +
        '    eval "$(pipeline completion bash)"\n',
    );
    const { stdout } = await run(
      'bash',
      ['--norc', '--noprofile', '-c', `${shown}\n${bashCompletion('pipeline run train:s')}`],
      { cwd: installation.folder, env: { PATH: process.env['PATH'] ?? '' } },
    );
    expect(stdout).toBe('small,0.1\nsmall,0.2\n');
  });

  test.skipIf(!hasShell('zsh'))('zsh gets values and descriptions (skipped without zsh)', async () => {
    expect(await zshOffers('run', 'train:s')).toEqual([
      'train:small,0.1',
      'train:small,0.2',
      'train:small,0.1  -- One model each point.',
      'train:small,0.2  -- One model each point.',
    ]);
    expect(await zshOffers('', 'ru')).toEqual(['run', expect.stringMatching(/^run {2}-- Run what/)]);
    expect(await zshOffers('run -f', '')).toEqual(['files']);
  });

  test.skipIf(!hasShell('fish'))('fish gets values and descriptions (skipped without fish)', async () => {
    expect(await fishOffers('pipeline run train:s')).toEqual([
      'train:small,0.1\tOne model each point.',
      'train:small,0.2\tOne model each point.',
    ]);
    expect(await fishOffers('pipeline run -f exp')).toEqual(['experiments/']);
  });
});

/** The values that are offered for the last of these words. */
async function following(...words: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await pipeline(installation, ['complete', '--', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '');
}

const bashReplies = (line: string): Promise<readonly string[]> =>
  inShell('bash', ['--norc', '--noprofile'], bashCompletion(line));

const bashCompletion = (line: string): string =>
  `eval "$(pipeline completion bash)"; COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _pipeline ` +
  `pipeline; printf '%s\\n' "\${COMPREPLY[@]}"`;

/**
 * With zsh's own functions replaced by such that print what they are given: the real ones need a terminal.
 */
const zshOffers = (words: string, prefix: string): Promise<readonly string[]> =>
  inShell(
    'zsh',
    ['-f'],
    'compdef() {}; compadd() { print -l -- $values $lines }; _files() { print files }; eval ' +
      `"$(pipeline completion zsh)"; words=(pipeline ${words} '${prefix}'); CURRENT=$#words; ` +
      `PREFIX='${prefix}'; _pipeline`,
  );

const fishOffers = (line: string): Promise<readonly string[]> =>
  inShell('fish', ['--no-config'], `pipeline completion fish | source; complete -C "${line}"`);

/** What a text prints in a shell that has the command line on its path. */
async function inShell(name: string, options: readonly string[], text: string): Promise<readonly string[]> {
  const PATH = `${join(installation.folder, 'bin')}:${process.env['PATH'] ?? ''}`;
  const { stdout, stderr } = await run(name, [...options, '-c', text], {
    cwd: installation.folder,
    env: { PATH },
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}
