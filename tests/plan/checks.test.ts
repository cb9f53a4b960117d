import { describe, expect, test } from 'vitest';
import { checkCommand } from '../../src/runner/plan/command/check-command.ts';
import { programCheck, type ProgramContract } from '../../src/runner/plan/check/check-program.ts';
import { instanceOf, planOfText } from '../pipeline-file/planned.ts';

describe('a project file that a command names but does not declare', () => {
  const files = new Set(['train.py', 'conf/a.yaml', 'data/raw/x.csv', 'run.sh', 'a b.txt']);
  const undeclared = (fields: string): readonly string[] =>
    checkCommand(instanceOf(planOfText(`stages: { a: { ${fields} } }`), 'a'), {
      isFile: (path) => files.has(path),
      isProduct: () => false,
    }).map(({ message }) => /names "([^"]*)"/.exec(message)?.[1] ?? message);

  test.each<readonly [string, readonly string[]]>([
    ['cmd: [python, train.py]', ['train.py']],
    ['cmd: [python, ./train.py, train.py]', ['train.py']],
    ['cmd: [python, --config=conf/a.yaml]', ['conf/a.yaml']],
    ['cmd: "python train.py | cat conf/a.yaml; echo \'a b.txt\'"', ['train.py', 'conf/a.yaml', 'a b.txt']],
    ['cmd: "python \\"a b.txt\\" <train.py"', ['a b.txt', 'train.py']],
    ['cmd: "./tool >train.py"', []],
    ['cmd: "./tool >> train.py 2> conf/a.yaml"', []],
    ['cmd: "./tool &> train.py; ./tool >| conf/a.yaml"', []],
    ['cmd: "./tool 2>&1 | tee -a train.py conf/a.yaml"', []],
    ['cmd: "./tool | /usr/bin/tee train.py && cat conf/a.yaml"', ['conf/a.yaml']],
    ['cmd: "./tool > train.py; cat train.py"', []],
    ['cmd: "cat train.py; ./tool > train.py"', ['train.py']],
    ['cmd: "cat train.py > train.py"', ['train.py']],
    ['cmd: "./tool # train.py"', []],
    ['cmd: "echo a2>train.py"', []],
    ['cmd: "if ./tool; then cat train.py; fi"', ['train.py']],
    ['cmd: "echo \'>\' train.py"', ['train.py']],
    ['cmd: "cat <<E\\ntrain.py\\nE"', ['train.py']],
    ['cmd: [tool, ">", train.py]', ['train.py']],
    ['cmd: [python, train.py], code: [train.py]', []],
    ['cmd: [python, train.py, conf/a.yaml], code: ["**/*.py", conf]', []],
    ['cmd: [python, train.py], deps: { code: train.py }', []],
    ['cmd: [cat, data/raw/x.csv], deps: { raw: data/raw }', []],
    ['cmd: [cat, "${deps.raw}"], deps: { raw: data/raw/x.csv }', []],
    ['cmd: [tool, train.py], outs: { o: { path: train.py, workspace: true } }', []],
    ['cmd: [./run.sh]', []],
    ['cmd: ./run.sh', ['run.sh']],
    ['cmd: "PYTHONPATH=. ./run.sh"', ['run.sh']],
    ['cmd: [python, other.py, /etc/passwd, ../train.py, -v]', []],
    ['uses: train.py', []],
  ])('%s', (fields, expected) => {
    expect(undeclared(fields)).toEqual(expected);
  });
});

const text = (params: string, rest = 'deps: { train: rows }, outs: { model: m }'): string =>
  `stages: { a: { uses: stages/a.ts, params: { ${params} }, ${rest} } }`;

describe('params, deps and outs of a stage program', () => {
  const contract: ProgramContract = {
    params: {
      type: 'object',
      properties: {
        seed: { type: 'integer' },
        config: {
          type: 'object',
          properties: {
            method: { enum: ['full', 'lora'] },
            learningRate: { type: 'number', exclusiveMinimum: 0 },
          },
          required: ['method'],
          additionalProperties: false,
        },
      },
      required: ['seed'],
      additionalProperties: false,
    },
    deps: ['train', 'base?'],
    outs: ['model', 'card?'],
  };
  const faults = (yaml: string, of: ProgramContract = contract) =>
    programCheck(of)(instanceOf(planOfText(yaml), 'a')).map(({ message, at, suggestion }) => [
      message,
      yaml.slice(at?.offset, (at?.offset ?? 0) + (at?.length ?? 0)),
      suggestion,
    ]);

  test('a param that contradicts another is refused at its place, with the reason of the schema', () => {
    const contradicting: ProgramContract = {
      ...contract,
      params: {
        type: 'object',
        anyOf: [
          { not: { required: ['steps'] } },
          { properties: { epochs: { not: {}, description: 'cannot stand beside steps' } } },
        ],
      },
    };
    expect(faults(text('steps: 3, epochs: 27'), contradicting)).toEqual([
      ['params.epochs cannot stand beside steps', '27', undefined],
    ]);
    expect(faults(text('steps: 3'), contradicting)).toEqual([]);
  });

  test.each([
    ['q: {a}', 'YAML reads this value as a map; a text is typed --set \'vars.x="q: {a}"\''],
    ['5', 'YAML reads this value as the number 5; a text is typed --set \'vars.x="5"\''],
  ])('a text that YAML reads as something else in --set says so: %s', (value, note) => {
    const yaml = 'vars: { x: a }\nstages: { a: { uses: a.ts, params: { x: "${vars.x}" } } }\n';
    const set = [`vars.x=${value}`];
    const instance = instanceOf(planOfText(yaml, { set }), 'a');
    const notesFor = (type: string) =>
      programCheck(
        { params: { properties: { x: { type } } }, deps: [], outs: [] },
        set,
      )(instance)
        .flatMap(({ notes = [] }) => notes)
        .flatMap(({ at, message }) => (at === undefined ? [message] : []));
    expect(notesFor('string')).toEqual([note]);
    expect(notesFor('boolean')).toEqual([]);
  });

  test('two programs may give their schemas one $id: each is checked by its own', () => {
    const requiring = (name: string): ProgramContract => ({
      ...contract,
      params: { $id: 'params', type: 'object', required: [name] },
    });
    expect(faults(text('epochs: 1'), requiring('seed')).map(([message]) => message)).toEqual([
      'params must have "seed"',
    ]);
    expect(faults(text('epochs: 1'), requiring('epochs'))).toEqual([]);
  });

  test('valid ones have no faults', () => {
    expect(faults(text('seed: 1, config: { method: lora, learningRate: 1e-5 }'))).toEqual([]);
    expect(faults(text('seed: 1', 'deps: { train: rows, base: b }, outs: { model: m, card: c }'))).toEqual(
      [],
    );
  });

  test.each<readonly [string, string, string, string | undefined]>([
    ['seed: "1"', 'params.seed must be integer', '"1"', undefined],
    [
      'seed: 1, config: { method: lroa }',
      'params.config.method must be one of "full", "lora"',
      'lroa',
      'lora',
    ],
    [
      'seed: 1, config: { method: lora, learningRate: -1 }',
      'params.config.learningRate must be > 0',
      '-1',
      undefined,
    ],
    [
      'seed: 1, config: { method: lora, learningrate: 1 }',
      'stages/a.ts has no params.config.learningrate: expected one of method, learningRate',
      'learningrate',
      'learningRate',
    ],
    ['sead: 1', 'stages/a.ts has no params.sead: expected one of seed, config', 'sead', 'seed'],
    ['sehb: 1', 'stages/a.ts has no params.sehb: expected one of seed, config', 'sehb', 'seed'],
    ['seed: 1, sehb: 1', 'stages/a.ts has no params.sehb: expected one of seed, config', 'sehb', undefined],
    ['seed: 1, config: {}', 'params.config must have "method"', '{}', undefined],
    ['config: { method: lora }', 'params must have "seed"', '{ config: { method: lora } }', undefined],
  ])('%s', (params, message, place, suggestion) => {
    expect(faults(text(params))).toEqual([[message, place, suggestion]]);
  });

  test('all faults are reported', () => {
    expect(faults(text('seed: x, other: 1', 'deps: { trian: rows }, outs: { model: m, log: l }'))).toEqual([
      ['stages/a.ts has no params.other: expected one of seed, config', 'other', undefined],
      ['params.seed must be integer', 'x', undefined],
      ['stages/a.ts declares no dep trian: expected one of train, base', 'rows', 'train'],
      ['stages/a.ts declares no out log: expected one of model, card', 'l', undefined],
    ]);
  });

  test('missing names are reported beside unknown ones, unless one is a typo of the other', () => {
    expect(faults(text('seed: 1', 'deps: { rows: rows }, outs: {}')).map(([message]) => message)).toEqual([
      'stages/a.ts declares no dep rows: expected one of train, base',
      'stages/a.ts needs the dep train',
      'stages/a.ts needs the out model',
    ]);
    expect(faults(text('other: 1')).map(([message]) => message)).toEqual([
      'params must have "seed"',
      'stages/a.ts has no params.other: expected one of seed, config',
    ]);
  });

  test('one typo is one fault, however many alternatives a schema has', () => {
    const forms: ProgramContract = {
      params: {
        oneOf: [
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] },
        ],
      },
      deps: [],
      outs: [],
    };
    expect(faults('stages: { a: { uses: stages/a.ts, params: { a: 1 } } }', forms)).toEqual([
      ['params.a must be string, or must be boolean', '1', undefined],
    ]);
  });

  test('an invalid schema is a fault of the program', () => {
    expect(faults(text('seed: 1'), { ...contract, params: { type: 'nothing' } })[0]?.[0]).toMatch(
      /^the params of this stage program are not a JSON Schema/,
    );
  });
});
