import { describe, expect, test } from 'vitest';
import { faultOf, faultsOf } from './planned.ts';

/** A pipeline of one stage, its fields on lines of their own from line 3 on. */
const stage = (...fields: readonly string[]): string =>
  `stages:\n  a:\n${fields.map((field) => `    ${field}\n`).join('')}`;

describe('faults have the position of their text', () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['a misspelt name', stage('cmd: [echo]', 'parms: {}'), ['unknown-name 4:5 parms']],
    ['a misspelt name at the top', `stage: {}\n${stage('cmd: [echo]')}`, ['unknown-name 1:1 stage']],
    ['no stages', 'vars: {}\n', ['missing-name 1:1 vars']],
    ['stages that are no map', 'stages: [a]\n', ['wrong-type 1:9 [a]']],
    ['a stage that is no map', 'stages: { a: 1 }\n', ['wrong-type 1:14 1']],
    ['neither uses nor cmd', stage('deps: {}'), ['program 2:3 a']],
    ['both uses and cmd', stage('uses: s.ts', 'cmd: [echo]'), ['program 4:10 [echo]']],
    ['code beside uses', stage('uses: s.ts', 'code: [b.ts]'), ['program 4:12 b.ts']],
    ['a command without words', stage('cmd: []'), ['empty-command 3:10 []']],
    ['uses that leaves the project', stage('uses: ../s.ts'), ['bad-path 3:11 ../s.ts']],
    ['a number for cache', stage('cmd: [echo]', 'cache: 0'), ['wrong-type 4:12 0']],
    ['yes for cache, a text in YAML 1.2', stage('cmd: [echo]', 'cache: no'), ['wrong-type 4:12 no']],
    ['half a processor', stage('cmd: [echo]', 'resources: { cpus: 0.5 }'), ['wrong-type 4:24 0.5']],
    ['a timeout without a unit', stage('cmd: [echo]', 'timeout: "10"'), ['wrong-type 4:14 "10"']],
    [
      'a variable in env and passEnv',
      stage('cmd: [echo]', 'env: [A, B]', 'passEnv: [B]'),
      ['env-twice 5:15 B'],
    ],
    ['a name with a slash', 'stages: { a/b: { cmd: [echo] } }\n', ['bad-name 1:11 a/b']],
    [
      'a name with a dot, which a reference could not hold',
      stage('cmd: [echo]', 'outs: { a.b: o }'),
      ['bad-name 4:13 a.b'],
    ],
    [
      'a kind of out that is none',
      stage('cmd: [echo]', 'outs: { m: { path: m.json, kind: metric } }'),
      ['wrong-type 4:38 metric'],
    ],
    [
      'stages that differ by case',
      'stages: { train: { cmd: [a] }, Train: { cmd: [a] } }\n',
      ['same-name 1:32 Train'],
    ],
    ['a name for two things', 'name: a/b\nstages: { a: { cmd: [a] } }\n', ['bad-name 1:7 a/b']],

    [
      'a var that is not there',
      'vars: { model: m }\nstages: { a: { cmd: [echo], deps: { m: "${vars.modle}" } } }\n',
      ['unknown-reference 2:41 ${vars.modle}'],
    ],
    [
      'a reference in a folded text',
      stage('cmd: [echo]', 'params:', '  p: >-', '    some words', '    and ${nothing} here'),
      ['unknown-reference 7:13 ${nothing}'],
    ],
    [
      'a reference after the same one that is escaped',
      stage('cmd: [echo]', 'params: { p: "$${x} ${x}" }'),
      ['unknown-reference 4:25 ${x}'],
    ],
    [
      'a reference that is none',
      stage('cmd: [echo]', 'params: { p: "${HOME:-x}" }'),
      ['bad-reference 4:19 ${HOME:-x}'],
    ],
    [
      'a reference without end',
      stage('cmd: [echo]', 'params: { p: "${dataset" }'),
      ['bad-reference 4:19 ${dataset'],
    ],
    [
      'a var that refers to itself',
      'vars: { a: "${vars.b}", b: "${vars.a}" }\nstages: { a: { cmd: [echo] } }\n',
      ['var-cycle 1:29 ${vars.a}'],
    ],
    [
      'an axis that the stage does not have',
      stage('matrix: { dataset: [x] }', 'cmd: [echo, "${datset}"]'),
      ['unknown-reference 4:18 ${datset}'],
    ],
    [
      'a name that the value of an axis does not have',
      stage('matrix: { c: [{ r: 1 }] }', 'params: { r: "${c.s}" }', 'cmd: [echo]'),
      ['unknown-reference 4:19 ${c.s}'],
    ],
    [
      'a name below a number',
      stage('matrix: { c: [1] }', 'params: { r: "${c.s}" }', 'cmd: [echo]'),
      ['unknown-reference 4:19 ${c.s}'],
    ],
    [
      'a map inside a text',
      stage('matrix: { c: [{ r: 1 }] }', 'params: { r: "r = ${c}" }', 'cmd: [echo]'),
      ['not-text 4:23 ${c}'],
    ],
    [
      'deps in params',
      stage('cmd: [echo]', 'deps: { x: x }', 'params: { x: "${deps.x}" }'),
      ['unknown-reference 5:19 ${deps.x}'],
    ],
    [
      'a dep of a command that is not declared',
      stage('cmd: [echo, "${deps.y}"]', 'deps: { x: x }'),
      ['unknown-reference 3:18 ${deps.y}'],
    ],
    [
      'a name below an out',
      stage('cmd: [echo, "${outs.o.p}"]', 'outs: { o: o }'),
      ['unknown-reference 3:18 ${outs.o.p}'],
    ],
    [
      'a param that is not there',
      stage('cmd: [echo, "${params.b}"]', 'params: { a: 1 }'),
      ['unknown-reference 3:18 ${params.b}'],
    ],
    [
      'a reference without quotes in a flow map',
      stage('params: { a: ${vars.x} }', 'cmd: [echo]'),
      ['yaml-syntax 3:19 {'],
    ],
    [
      'an axis in a matrix',
      stage('matrix: { a: [1], b: ["${a}"] }', 'cmd: [echo]'),
      ['reference-not-here 3:27 "${a}"'],
    ],
    [
      'an axis for env',
      stage('matrix: { a: [X] }', 'env: ["${a}"]', 'cmd: [echo]'),
      ['reference-not-here 4:11 "${a}"'],
    ],

    [
      'an axis named like something else',
      stage('matrix: { params: [1] }', 'cmd: [echo]'),
      ['bad-name 3:15 params'],
    ],
    ['an axis without values', stage('matrix: { a: [] }', 'cmd: [echo]'), ['empty-axis 3:18 []']],
    ['an empty matrix', stage('matrix: []', 'cmd: [echo]'), ['empty-axis 3:13 []']],
    [
      'the same value twice',
      stage('matrix: { a: [1.10, 2, 1.1] }', 'cmd: [echo]'),
      ['same-instance 3:28 1.1'],
    ],
    [
      'the same point in two products',
      stage('matrix:', '  - { a: [1, 2], b: 3 }', '  - { b: 3, a: 2 }', 'cmd: [echo]'),
      ['same-instance 5:9 { b: 3, a: 2 }'],
    ],
    [
      'two values with one name',
      stage('matrix: { c: [{ name: x, r: 1 }, { name: x, r: 2 }] }', 'cmd: [echo]'),
      ['same-identity 3:38 { name: x, r: 2 }'],
    ],
    [
      'a number and a text that read alike',
      stage('matrix: { a: [1, "1"] }', 'cmd: [echo]'),
      ['same-identity 3:22 "1"'],
    ],
    ['labels that differ by case', stage('matrix: { a: [x, X] }', 'cmd: [echo]'), ['same-identity 3:22 X']],
    [
      'a cell without axes beside others',
      stage('matrix: [{}, { a: 1 }]', 'cmd: [echo]'),
      ['no-axes 3:14 {}'],
    ],
    [
      'a name of a point that is a list',
      stage('matrix: { c: [{ name: [x] }] }', 'cmd: [echo]'),
      ['wrong-type 3:27 [x]'],
    ],
    [
      'axes from a stage that is not there',
      stage('matrix: { from: train }', 'cmd: [echo]'),
      ['unknown-stage 3:21 train'],
    ],
    ['axes from itself', stage('matrix: { from: a }', 'cmd: [echo]'), ['cycle 3:21 a']],
    [
      'an axis that comes from the other stage already',
      'stages: { t: { matrix: { x: [1] }, cmd: [a] }, e: { matrix: { from: t, x: [2] }, cmd: [a] } }\n',
      ['axis-twice 1:72 x'],
    ],

    [
      'a dep on a stage that is not there',
      stage('cmd: [echo]', 'deps: { x: { from: b, out: o } }'),
      ['unknown-stage 4:24 b'],
    ],
    [
      'a dep on an out that is not there',
      'stages: { t: { cmd: [a], outs: { model: m } }, e: { cmd: [a], deps: { m: { from: t, out: ' +
        'modle } } } }\n',
      ['unknown-out 1:90 modle'],
    ],
    [
      'a misspelt join',
      'stages: { t: { cmd: [a], outs: { o: o } }, e: { cmd: [a], deps: { m: { form: t, out: o } } } }\n',
      ['unknown-name 1:72 form'],
    ],
    ['a dep without anything', stage('cmd: [echo]', 'deps: { x: ~ }'), ['wrong-type 4:16 ~']],
    [
      'no instance that agrees',
      'stages: { t: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }, e: { matrix: { x: [2, ' +
        '3] }, cmd: [a], deps: { m: { from: t, out: o } } } }\n',
      ['no-match 1:116 { from: t, out: o }'],
    ],
    [
      'a text and a number that read alike do not agree',
      'stages: { t: { matrix: { x: ["1"] }, cmd: [a], outs: { o: o } }, e: { matrix: { x: [1] }, ' +
        'cmd: [a], deps: { m: { from: t, out: o } } } }\n',
      ['no-match 1:112 { from: t, out: o }'],
    ],
    [
      'many instances that agree',
      'stages: { t: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }, e: { cmd: [a], deps: { ' +
        'm: { from: t, out: o } } } }\n',
      ['many-matches 1:93 { from: t, out: o }'],
    ],
    [
      'gather that finds nothing',
      'stages: { t: { matrix: { x: [1] }, cmd: [a], outs: { o: o } }, e: { matrix: { x: [2] }, ' +
        'cmd: [a], deps: { m: { from: t, out: o, gather: true } } } }\n',
      ['no-match 1:110 { from: t, out: o, gather: true }'],
    ],
    [
      'a stage that needs itself',
      stage('cmd: [echo]', 'deps: { x: { from: a, out: o } }', 'outs: { o: o }'),
      ['cycle 4:24 a'],
    ],
    [
      'stages that need each other',
      'stages:\n  a: { cmd: [x], deps: { d: { from: b, out: o } }, outs: { o: o } }\n' +
        '  b: { cmd: [x], deps: { d: { from: c, out: o } }, outs: { o: o } }\n' +
        '  c: { cmd: [x], deps: { d: { from: a, out: o } }, outs: { o: o } }\n',
      ['cycle 4:37 a'],
    ],

    [
      'a hub folder without a revision',
      stage('cmd: [echo]', 'deps: { m: "hf:google/mt5-base" }'),
      ['bad-hub-name 4:16 "hf:google/mt5-base"'],
    ],
    ['outs at one path', stage('cmd: [echo]', 'outs: { a: x/y, b: x/Y }'), ['overlap 4:24 x/Y']],
    ['an out inside another', stage('cmd: [echo]', 'outs: { a: x, b: x/y }'), ['overlap 4:22 x/y']],
    [
      'outs of two instances at one path of the project',
      stage('matrix: { d: [1, 2] }', 'cmd: [echo]', 'outs: { a: { path: data/x, workspace: true } }'),
      ['overlap 5:24 data/x'],
    ],
    [
      'an out that is a dep of another stage',
      'stages: { p: { cmd: [a], outs: { x: { path: data/x, workspace: true } } }, q: { cmd: [a], ' +
        'deps: { x: data/x } } }\n',
      ['overlap 1:102 data/x'],
    ],
    [
      'an out inside a folder that is read',
      'stages: { p: { cmd: [a], outs: { x: { path: data/x, workspace: true } } }, q: { cmd: [a], ' +
        'deps: { x: data } } }\n',
      ['overlap 1:102 data'],
    ],
    [
      'a dep on the folder of an instance',
      'stages: { p: { cmd: [a], outs: { x: x } }, q: { cmd: [a], deps: { x: artifacts/pipeline/p/x } } }\n',
      ['overlap 1:70 artifacts/pipeline/p/x'],
    ],
    [
      'an out over the pipeline file',
      stage('cmd: [echo]', 'outs: { a: { path: Pipeline.yaml, workspace: true } }'),
      ['overlap 4:24 Pipeline.yaml'],
    ],
    [
      'an out over its own program',
      stage('uses: stages/a.ts', 'outs: { a: { path: stages, workspace: true } }'),
      ['overlap 3:11 stages/a.ts'],
    ],
    [
      'an out in the cache',
      stage('cmd: [echo]', 'outs: { a: { path: cache/x, workspace: true } }'),
      ['reserved-path 4:24 cache/x'],
    ],
    ['an out that Windows would rename', stage('cmd: [echo]', 'outs: { a: "x." }'), ['bad-path 4:16 "x."']],

    [
      'a reference in quotes of the shell',
      stage('cmd: echo "${params.a}"', 'params: { a: 1 }'),
      ['quoted-reference 3:16 ${params.a}'],
    ],
    [
      'a gathered dep inside a word',
      'stages: { t: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }, e: { cmd: [a, ' +
        '"--in=${deps.m}"], deps: { m: { from: t, out: o, gather: true } } } }\n',
      ['gather-in-text 1:81 "--in=${deps.m}"'],
    ],
    [
      'a gathered dep inside a word of a line',
      'stages: { t: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }, e: { cmd: "a ' +
        '--in=${deps.m}", deps: { m: { from: t, out: o, gather: true } } } }\n',
      ['gather-in-text 1:77 "a --in=${deps.m}"'],
    ],
  ])('%s', (_, text, expected) => {
    expect(faultsOf(text)).toEqual(expected);
  });

  test('faults of many stages are reported at once, in the order of the text', () => {
    expect(
      faultsOf(`vars: { m: "\${vars.n}" }
stages:
  a: { cmd: [x], matrx: {}, deps: { d: ../d } }
  b: { cmd: [x], deps: { d: { from: a, out: o } }, outs: { o: o, p: /p } }
  c: { cmd: [x, "\${nothing}"], matrix: { from: b, q: [1, 1] } }
  d: { cmd: [x, "\${nothing}"], deps: { d: { from: c, out: o }, e: { from: b, out: n } } }
`),
    ).toEqual([
      'unknown-reference 1:13 ${vars.n}',
      'unknown-name 3:18 matrx',
      'bad-path 4:69 /p',
      'same-instance 5:58 1',
      'unknown-reference 6:18 ${nothing}',
      'unknown-out 6:59 o',
      'unknown-out 6:83 n',
    ]);
  });

  test('a name that other tools give to a field of stages is answered by what to write here', () => {
    const renamed = faultOf(stage('cmd: [echo]', 'outputs: { o: o }'));
    expect(renamed).toMatchObject({ code: 'unknown-name', suggestion: 'outs' });
    const elsewhere = faultOf(stage('cmd: [echo]', 'metrics: [m.json]'));
    expect(elsewhere).toMatchObject({ code: 'unknown-name', help: expect.stringContaining('kind: metrics') });
    expect(elsewhere).not.toHaveProperty('suggestion');
  });

  test('dependents of a faulty stage are not reported', () => {
    expect(
      faultsOf(
        'stages: { a: { cmnd: [x], matrix: { d: [1] }, outs: { o: o } }, b: { matrix: { from: a ' +
          '}, cmd: [x], deps: { d: { from: a, out: o } } } }',
      ),
    ).toEqual(['unknown-name 1:16 cmnd']);
  });

  test('a fault shared by 1,000 instances is reported once', () => {
    const fault = faultOf(
      'stages: { a: { matrix: { i: [' +
        `${Array.from({ length: 1000 }, (_, index) => index).join(', ')}] }, cmd: [x, "\${j}"] } }`,
    );
    expect(fault.notes).toEqual([{ message: 'the same for 999 more instances' }]);
  });
});

describe('faults say what was expected', () => {
  test('the nearest name', () => {
    expect(faultOf(stage('cmd: [echo]', 'parms: {}')).suggestion).toBe('params');
    expect(faultOf(stage('cmd: [echo]', 'outs: { m: { path: m.json, kind: metric } }')).suggestion).toBe(
      'metrics',
    );
    expect(faultOf('vars: { model: m }\nstages: { a: { cmd: [echo, "${vars.modle}"] } }').suggestion).toBe(
      'model',
    );
    expect(
      faultOf(
        'stages: { train: { cmd: [a], outs: { o: o } }, e: { cmd: [a], deps: { m: { from: trian, ' +
          'out: o } } } }',
      ).suggestion,
    ).toBe('train');
  });

  test('the candidates of a join', () => {
    const text =
      'stages: { t: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }, e: { matrix: { x: [3] ' +
      '}, cmd: [a], deps: { m: { from: t, out: o } } } }';
    expect(faultOf(text).message).toBe(
      'the dep m of e[3] needs an instance of t with x = 3: there are t[1], t[2]',
    );
  });

  test('the edges of a cycle', () => {
    const fault = faultOf(
      'stages:\n  a: { cmd: [x], deps: { d: { from: b, out: o } }, outs: { o: o } }\n' +
        '  b: { cmd: [x], deps: { d: { from: a, out: o } }, outs: { o: o } }\n',
    );
    expect(fault.message).toBe('these stages depend on each other: a → b → a');
    expect(fault.notes?.map(({ message }) => message)).toEqual(['a depends on b']);
  });

  test('how values with the same name are distinguished', () => {
    const helpFor = (values: string) => faultOf(stage(`matrix: { c: [${values}] }`, 'cmd: [echo]')).help;
    expect(helpFor('{ name: x, r: 1 }, { name: x, r: 2 }')).toBe(
      'two values of c have the name x: give one of them a different name',
    );
    expect(helpFor('{ r: 1 }, { r: "1" }')).toBe('give the values of c names: { name: …, … }');
    expect(helpFor('1, "1"')).toBe('values of c have the same text: write them so that their texts differ');
  });

  test('how a stage reads the output of another', () => {
    const fault = faultOf(
      'stages: { p: { cmd: [a], outs: { x: { path: data/x, workspace: true } } }, q: { cmd: [a], ' +
        'deps: { x: data/x } } }',
    );
    expect(fault.help).toBe('to read what another stage writes, use the dep { from: p, out: x }');
  });
});
