import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/runner/diagnostic.ts';
import { type MachineFile, parseMachineFile } from '../../src/runner/pipeline-file/machine-file.ts';
import { executorName, placeInstances } from '../../src/runner/plan/place-instances.ts';
import { planOfText } from '../pipeline-file/planned.ts';

const file = (top: string, stage = ''): string => `name: p\n${top}stages:\n  a:\n    cmd: [date]\n${stage}`;
const machine = (text: string): MachineFile => {
  const read = parseMachineFile('pipeline.machine.yaml', text, () => undefined);
  if (read === undefined) throw new Error('a machine file with faults');
  return read;
};

function placed(pipeline: string, machines: readonly string[] = [], requested?: string) {
  const result = placeInstances(planOfText(pipeline), machines.map(machine), requested);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join('\n'));
  return { where: result.value.plan.instances.map(executorName), executors: result.value.executors };
}

describe('the executor of an instance', () => {
  test('is local by default', () => {
    expect(placed(file('')).where).toEqual(['local']);
  });

  test('is set by the command line, else the stage, else the machine, else the pipeline file', () => {
    const all = 'executor: slurm\nexecutors: { gpu: { kind: slurm }, fast: { kind: slurm } }\n';
    const own = '    executor: gpu\n';
    expect(placed(file(all, own), ['executor: fast'], 'local').where).toEqual(['local']);
    expect(placed(file(all, own), ['executor: fast']).where).toEqual(['gpu']);
    expect(placed(file(all), ['executor: gpu', 'executor: fast']).where).toEqual(['gpu']);
    expect(placed(file(all)).where).toEqual(['slurm']);
  });

  test('may be set by an axis', () => {
    const text = file(
      'executors: { gpu: { kind: slurm } }\n',
      '    matrix: { on: [local, gpu] }\n    executor: "${on}"\n',
    );
    expect(placed(text).where).toEqual(['local', 'gpu']);
  });

  test('has settings merged by name, the machine file over the pipeline file', () => {
    const { executors } = placed(file('executors: { slurm: { partition: main, time: 2h, setup: [a] } }\n'), [
      'executors: { slurm: { account: lab, partition: long } }',
    ]);
    expect(executors.get('slurm')).toEqual({
      kind: 'slurm',
      partition: 'long',
      account: 'lab',
      time: 7200,
      setup: ['a'],
    });
  });

  test('an unknown name is a fault at its place, with the nearest one', () => {
    const result = placeInstances(planOfText(file('executor: slrum\n')), [], undefined);
    expect(result).toMatchObject({
      ok: false,
      error: [{ code: 'unknown-executor', suggestion: 'slurm', at: { file: 'pipeline.yaml', offset: 18 } }],
    });
  });
});

describe('a machine file', () => {
  test.each([
    ['executors: { local: { partition: x } }', '"local" is this machine'],
    ['executors: { slurm: { partitoin: x } }', 'has no "partitoin"'],
    ['executors: { slurm: { time: soon } }', 'expected seconds'],
    ['executors: { own: { submit: [a], cancel: [b] } }', 'needs "poll"'],
    ['executors: { own: { submit: [], poll: [a], cancel: [b] } }', 'a command needs at least'],
    ['stages: {}', 'has no "stages"'],
    ['[1]', 'expected a machine file'],
  ])('with a fault is reported at its position: %s', (text, message) => {
    const faults: Diagnostic[] = [];
    parseMachineFile('pipeline.machine.yaml', text, (fault) => void faults.push(fault));
    expect(faults[0]).toMatchObject({ at: { file: 'pipeline.machine.yaml' } });
    expect(faults[0]?.message).toContain(message);
  });

  test('may be empty', () => {
    expect(machine('')).toEqual({
      cache: undefined,
      executor: undefined,
      executors: new Map(),
      tracking: [],
    });
  });
});
