import { describe, expect, test } from 'vitest';
import { faultOf, faultsOf, instanceOf, planned, planOfText, type Written } from './planned.ts';

const pipeline = (vars: string, params = '{ p: "${vars.rate}" }'): string =>
  `vars: ${vars}\nstages: { a: { cmd: [echo], params: ${params} } }\n`;
const paramsOf = (text: string, written: Written = {}): unknown =>
  instanceOf(planOfText(text, written), 'a').params;

const yaml = { files: { 'params.yaml': 'rate: 0.1\nsizes: [1, 2]\nmodel: { r: 8 }\n' } };

test.each([
  ['{ $file: parms.yaml }', {}],
  ['{ model: { $file: conf/model.json } }', { files: { 'conf/modle.json': '1' } }],
] as const)('a missing file: the most similar name is suggested: %s', (vars, written) => {
  const fault = faultOf(pipeline(vars), {
    files: { ...yaml.files, ...('files' in written ? written.files : {}) },
  });
  expect(fault).toMatchObject({
    code: 'unreadable',
    suggestion: 'files' in written ? 'conf/modle.json' : 'params.yaml',
  });
});

test('a missing extended pipeline file: the most similar name is suggested', () => {
  expect(
    faultOf('extends: ../pipelin.yaml\n', {
      file: 'experiments/x.yaml',
      files: { 'pipeline.yaml': pipeline('{ rate: 1 }') },
    }),
  ).toMatchObject({ code: 'unreadable', suggestion: 'pipeline.yaml' });
});

describe('vars from a file', () => {
  test('replace all vars, or one subtree', () => {
    expect(paramsOf(pipeline('{ $file: params.yaml }'), yaml)).toEqual({ p: 0.1 });
    const below = pipeline(
      '{ m: [{ $file: conf/params.yaml }], x: 1 }',
      '{ p: "${vars.m[0].model}", x: "${vars.x}" }',
    );
    expect(paramsOf(below, { files: { 'conf/params.yaml': yaml.files['params.yaml'] } })).toEqual({
      p: { r: 8 },
      x: 1,
    });
  });

  test('may be JSON', () => {
    const files = { 'params.json': '{\n\t"rate": 1e-3,\n\t"text": "\\u00e9\\/"\n}\n' };
    expect(
      paramsOf(pipeline('{ $file: params.json }', '{ p: "${vars.rate}", t: "${vars.text}" }'), { files }),
    ).toEqual({ p: 0.001, t: 'é/' });
  });

  test('may start with a byte order mark and have CR LF line ends', () => {
    for (const [name, text] of [
      ['params.json', '\uFEFF{\r\n"rate": 3 }\r\n'],
      ['params.yaml', '\uFEFFrate: 3\r\n'],
    ] as const)
      expect(paramsOf(pipeline(`{ $file: ${name} }`), { files: { [name]: text } })).toEqual({ p: 3 });
  });

  test('may refer to vars, as in the pipeline file', () => {
    const files = { 'params.yaml': 'rate: "${vars.base}"\n' };
    expect(
      paramsOf(pipeline('{ f: { $file: params.yaml }, base: 2 }', '{ p: "${vars.f.rate}" }'), { files }),
    ).toEqual({ p: 2 });
  });

  test('are changed by --set and by an experiment file, name by name', () => {
    const text = pipeline('{ $file: params.yaml }', '{ p: "${vars.rate}", r: "${vars.model.r}" }');
    expect(paramsOf(text, { ...yaml, set: ['vars.model.r=16'] })).toEqual({ p: 0.1, r: 16 });
    const files = {
      ...yaml.files,
      'pipeline.yaml': text,
      'more.json': '{ "model": { "r": 32 } }',
    };
    const written = { file: 'experiments/x.yaml', files };
    expect(paramsOf('extends: ../pipeline.yaml\nvars: { rate: 5 }\n', written)).toEqual({ p: 5, r: 8 });
    expect(paramsOf('extends: ../pipeline.yaml\nvars: { $file: more.json }\n', written)).toEqual({
      p: 0.1,
      r: 32,
    });
    expect(
      paramsOf(text, {
        files,
        set: ['vars.model={ $file: more.json }', 'vars.model.model.r=7', 'vars.model={ r: 9 }'],
      }),
    ).toEqual({ p: 0.1, r: 9 });
  });

  test('are among the sources of a plan', () => {
    const { sources } = planned(pipeline('{ $file: params.yaml }'), yaml);
    expect(sources.get('params.yaml')).toBe(yaml.files['params.yaml']);
  });
});

describe('faults have the position of their text', () => {
  const reading = (path: string): string => pipeline(`{ $file: ${path} }`);
  test.each<readonly [string, string, Written, readonly string[]]>([
    ['a missing file', reading('params.yaml'), {}, ['unreadable 1:16 params.yaml']],
    ['a path out of the project', reading('../params.yaml'), {}, ['bad-path 1:16 ../params.yaml']],
    ['an absolute path', reading('/etc/params.yaml'), {}, ['bad-path 1:16 /etc/params.yaml']],
    ['a file of another kind', reading('params.toml'), {}, ['bad-path 1:16 params.toml']],
    ['a path that is no text', reading('[a]'), {}, ['wrong-type 1:16 [a]']],
    ['a path with a reference', reading('"${vars.x}.yaml"'), {}, ['wrong-type 1:16 "${vars.x}.yaml"']],
    ['names beside it', pipeline('{ $file: params.yaml, rate: 1 }'), yaml, ['file-not-alone 1:29 rate']],
    [
      'YAML that is none',
      reading('params.yaml'),
      { files: { 'params.yaml': 'rate: 1\nrate: 2\n' } },
      ['duplicate-key params.yaml:2:1 rate'],
    ],
    [
      'JSON that is none',
      reading('params.json'),
      { files: { 'params.json': '{\n  "rate": 1,\n}\n' } },
      ['bad-json params.json:3:1 }'],
    ],
    [
      'JSON that is none after a byte order mark',
      reading('params.json'),
      { files: { 'params.json': '\uFEFF{\n"rate": 1,\n}' } },
      ['bad-json params.json:3:1 }'],
    ],
    [
      'YAML in a file named .json',
      reading('params.json'),
      { files: { 'params.json': 'rate: 1\n' } },
      ['bad-json params.json:1:1 r'],
    ],
    ['an empty file', reading('params.yaml'), { files: { 'params.yaml': '' } }, ['empty params.yaml:1:1 ']],
    [
      'a list in place of all vars',
      reading('params.yaml'),
      { files: { 'params.yaml': '[1]\n' } },
      ['wrong-type params.yaml:1:1 [1]'],
    ],
    [
      'a file that names a file',
      reading('params.yaml'),
      { files: { 'params.yaml': 'more: { $file: other.yaml }\n' } },
      ['nested-file params.yaml:1:9 $file'],
    ],
  ])('%s', (_, text, written, faults) => {
    expect(faultsOf(text, written).map((fault) => fault.trimEnd())).toEqual(
      faults.map((fault) => fault.trimEnd()),
    );
  });

  test('of a value that a stage does not accept: in the file, at its line', () => {
    const text = `vars: { $file: params.yaml }\nstages: { a: { cmd: [echo], timeout: "\${vars.limit}" } }\n`;
    expect(faultsOf(text, { files: { 'params.yaml': 'rate: 1\nlimit: soon\n' } })).toEqual([
      'wrong-type params.yaml:2:8 soon',
    ]);
  });

  test('a fault in a file shows where the file is named', () => {
    const fault = faultOf(reading('params.json'), { files: { 'params.json': '{' } });
    expect(fault.notes?.map(({ message, at }) => [message, at?.file])).toEqual([
      ['vars are taken from it here', 'pipeline.yaml'],
    ]);
  });
});
