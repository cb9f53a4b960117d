import { describe, expect, test } from 'vitest';
import { type Candidate, candidates, type FindNames } from '../../src/cli/completion/candidates.ts';
import { pipelineProgram } from '../../src/cli/program.ts';

const stages = ['train', 'report'];
const instances = ['train:small,0.1', 'train:small,0.2', 'train:large,0.1', 'train:large,0.2', 'report'];
const ids = ['train[small,0.1]', 'train[small,0.2]', 'train[large,0.1]', 'train[large,0.2]', 'report'];

describe('candidates on a command line', () => {
  test('commands first, all that help lists; never hidden ones', async () => {
    const commands = await following('');
    expect(commands).toEqual(
      expect.arrayContaining(['run', 'status', 'doctor', 'init', 'completion', 'help']),
    );
    expect(commands).not.toContain('complete');
    expect(await following('st')).toEqual(['status']);
    expect(await following('help', 'st')).toEqual(['status']);
    expect(await following('--v')).toEqual(['--version']);
    expect(await following('nonsense', '')).toEqual([]);
  });

  test('options of the command, none after "--"', async () => {
    expect(await following('run', '--from', 'train', '--k')).toEqual(['--keep-going']);
    expect(await following('gc', '--')).toEqual(
      expect.arrayContaining(['--file', '--set', '--json', '--dry-run', '--keep-runs', '--help']),
    );
    expect(await following('run', '--', '--k')).toEqual([]);
  });

  test('choices, as a separate word and after "="', async () => {
    expect(await following('graph', '--format', '')).toEqual(['text', 'mermaid', 'dot']);
    expect(await following('graph', '--format=m')).toEqual(['--format=mermaid']);
    expect(await following('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await following('completion', 'bash', '')).toEqual([]);
  });

  test('stages and instances where they are expected, repeatedly where several can be named', async () => {
    for (const command of ['run', 'status', 'graph', 'metrics'])
      expect(await following(command, '')).toEqual(['train', 'report', ...instances.slice(0, 4)]);
    expect(await following('run', 'report', 'train:l')).toEqual(instances.slice(2, 4));
    for (const words of [['explain'], ['log'], ['compare'], ['compare', 'report'], ['verify', '--rerun']])
      expect(await following(...words, '')).toEqual(instances);

    for (const option of ['--from', '--until']) expect(await following('run', option, '')).toEqual(stages);
    expect(await following('run', '--from=r')).toEqual(['--from=report']);
  });

  test('an option with an optional value takes the next word only if that is not an option', async () => {
    expect(await following('run', '--wait', '--on')).toEqual(['--only']);
    expect(await following('run', '--wait', '5', 're')).toEqual(['report']);
  });

  test('names in the notation in which they were started', async () => {
    expect(await following('run', 'train[s')).toEqual(ids.slice(0, 2));
    expect(await following('run', 'train:s')).toEqual(instances.slice(0, 2));
  });

  test('names of the given pipeline file, with the given values', async () => {
    const asked: unknown[] = [];
    const ask: FindNames = async (options) => {
      asked.push(options);
      return { stages: [], instances: [] };
    };
    for (const words of [
      ['run', '-f', 'a.yaml', ''],
      ['run', '--file=b.yaml', '--set', 'vars.x=1', '--set=vars.y=2', ''],
      ['explain', ''],
    ])
      await candidates(pipelineProgram(), words, ask);
    expect(asked).toEqual([
      { file: 'a.yaml', set: [] },
      { file: 'b.yaml', set: ['vars.x=1', 'vars.y=2'] },
      { set: [] },
    ]);
  });

  test('none where a file or a text is expected, without reading the pipeline', async () => {
    for (const words of [
      ['run', '-f', ''],
      ['run', '--jobs', ''],
      ['init', ''],
      ['run', '--set', 'vars.'],
      ['run', '--fo'],
      [''],
    ])
      await candidates(pipelineProgram(), words, refuseNames);
    expect(await following('run', '-f', '')).toEqual([]);
    expect(await following('init', '')).toEqual([]);
  });
});

/** What can follow these words, the last of which is being typed, in a pipeline of two stages. */
async function following(...words: readonly string[]): Promise<readonly string[]> {
  const found = await candidates(pipelineProgram(), words, async () => ({
    stages: named(stages),
    instances: named(ids),
  }));
  return found.map(({ value }) => value);
}

const named = (names: readonly string[]): readonly Candidate[] =>
  names.map((value) => ({ value, description: '' }));

const refuseNames: FindNames = () => {
  throw new Error('asked for names');
};
