import { describe, expect, test } from 'vitest';
import { planFile } from '../../src/runner/plan/plan-file.ts';
import { parsePipeline } from '../../src/runner/pipeline-file/parse-pipeline.ts';
import { faultsOf, faultText, instanceOf, planned, planOfText, type Written } from './planned.ts';

/** The params of a stage without axes. */
const paramsOf = (text: string, written: Written = {}) => instanceOf(planOfText(text, written), 'a').params;
const withParams = (params: string, head = ''): string =>
  `${head}stages: { a: { cmd: [echo], params: { ${params} } } }\n`;

const notesOf = (text: string, set: string): readonly string[] =>
  parsePipeline({
    file: 'pipeline.yaml',
    readText: () => ({ ok: true, value: text }),
    overrides: [set],
  }).faults.flatMap(({ notes = [] }) =>
    notes.flatMap(({ at, message }) => (at === undefined ? [message] : [])),
  );

describe('values follow YAML 1.2 core', () => {
  test.each<readonly [string, unknown]>([
    ['1e-5', 1e-5],
    ['3e-3', 0.003],
    ['1.10', 1.1],
    ['-0', 0],
    ['0x1F', 31],
    ['0o17', 15],
    ['007', 7],
    ['+5', 5],
    ['.5', 0.5],
    ['100000000000000000000', 1e20],
    ['9007199254740993.0', 9007199254740992],
    ['no', 'no'],
    ['yes', 'yes'],
    ['on', 'on'],
    ['y', 'y'],
    ['12:30', '12:30'],
    ['2026-01-31', '2026-01-31'],
    ['1_000', '1_000'],
    ['"1"', '1'],
    ['0b1', '0b1'],
    ['true', true],
    ['False', false],
    ['~', null],
    ['null', null],
    ['""', ''],
    ['!!str 5', '5'],
    ['[1, a]', [1, 'a']],
    ['{ b: 1 }', { b: 1 }],
    ['"\\u00e9\\t"', 'é\t'],
  ])('%s', (text, value) => {
    expect(paramsOf(withParams(`x: ${text}`))['x']).toStrictEqual(value);
  });

  test('an integer with more digits than a double is refused; quoted it is kept', () => {
    expect(faultsOf(withParams('x: 9007199254740993'))).toEqual(['inexact-number 1:42 9007199254740993']);
    expect(paramsOf(withParams('x: "9007199254740993"'))).toEqual({ x: '9007199254740993' });
  });

  test('anchors, aliases and merges: own names first, then earlier maps', () => {
    const head = 'vars:\n  a: &a { x: 1, y: 1 }\n  b: &b { y: 2, z: 2 }\n';
    expect(paramsOf(withParams('<<: [*a, *b], x: 0', head))).toEqual({ x: 0, y: 1, z: 2 });
    expect(paramsOf(withParams('n: *a, <<: { w: 1 }', head))).toEqual({ n: { x: 1, y: 1 }, w: 1 });
    expect(paramsOf(withParams('"<<": 1'))).toEqual({ '<<': 1 });
  });

  test('maps reach a stage sorted by name, whatever their order in the file', () => {
    expect(JSON.stringify(paramsOf(withParams('b: { d: 1, c: 2 }, a: 3')))).toBe('{"a":3,"b":{"c":2,"d":1}}');
  });
});

describe('references', () => {
  const head =
    'vars: { n: 3e-3, s: "1", list: [1, { k: v }], m: { deep: { x: true } }, again: ' +
    '"${vars.m.deep}", text: "<${vars.n}>", none: ~ }\n';
  test.each<readonly [string, unknown]>([
    ['"${vars.n}"', 0.003],
    ['"${vars.s}"', '1'],
    ['"${vars.list}"', [1, { k: 'v' }]],
    ['"${vars.m.deep.x}"', true],
    ['"${vars.again.x}"', true],
    ['"${ vars.n }"', 0.003],
    ['"is ${vars.n}!"', 'is 3e-3!'],
    ['"${vars.n}${vars.s}"', '3e-31'],
    ['"${vars.text}"', '<3e-3>'],
    ['"${vars.none}"', null],
    ['"x${vars.none}"', 'x~'],
    ['"$${vars.n}"', '${vars.n}'],
    ['"$$${vars.n}"', '$${vars.n}'],
    ['"$"', '$'],
    ['"$HOME {x}"', '$HOME {x}'],
    ['"100%${vars.s}$"', '100%1$'],
    ['"$${a} ${vars.s} $${b}"', '${a} 1 ${b}'],
  ])('%s', (text, value) => {
    expect(paramsOf(withParams(`x: ${text}`, head))['x']).toStrictEqual(value);
  });

  test('a map-valued axis inserts its value without the name, which can be referenced', () => {
    const plan = planOfText(
      'stages: { a: { matrix: { c: [{ name: big, r: 8 }] }, cmd: [echo], params: { all: "${c}", ' +
        'r: "${c.r}", name: "${c.name}" } } }',
    );
    expect(instanceOf(plan, 'a[big]').params).toEqual({ all: { r: 8 }, r: 8, name: 'big' });
  });

  test('a var can be a whole dep, a matrix, a command, a timeout', () => {
    const plan = planOfText(
      'vars: { d: { path: /data, external: true }, grid: { x: [1, 2] }, words: [echo, ' +
        '"${vars.t}", "$${x}"], t: 90 }\n' +
        'stages: { a: { matrix: "${vars.grid}", cmd: "${vars.words}", deps: { d: "${vars.d}" }, ' +
        'timeout: "${vars.t}" } }',
    );
    const instance = instanceOf(plan, 'a[2]');
    expect(instance.deps['d']).toMatchObject({ kind: 'path', path: '/data', external: true });
    expect(instance.timeout).toBe(90);
    expect(instance.program).toMatchObject({
      words: [[{ text: 'echo' }], [{ text: '90' }], [{ text: '${x}' }]],
    });
  });

  test('resources, timeout and retries may refer to an axis', () => {
    const plan = planOfText(
      'stages: { a: { matrix: { c: [{ name: x, cpus: 2, memory: 8GiB, t: 2h }] }, cmd: [echo], ' +
        'resources: { cpus: "${c.cpus}", memory: "${c.memory}" }, timeout: "${c.t}" } }',
    );
    expect(instanceOf(plan, 'a[x]')).toMatchObject({
      resources: { cpus: 2, gpus: 0, memory: 8 * 2 ** 30 },
      timeout: 7200,
    });
    expect(instanceOf(plan, 'a[x]').resourceRanges).toMatchObject({
      cpus: { offset: 46, length: 1 },
      gpus: { offset: 10, length: 1 },
      memory: { offset: 57, length: 4 },
    });
    expect(
      faultsOf('stages: { a: { matrix: { c: [0, 2] }, cmd: [echo], resources: { cpus: "${c}" } } }'),
    ).toEqual(['wrong-type 1:30 0']);
  });

  test('an unused var changes nothing', () => {
    expect(
      planOfText(withParams('x: 1', 'vars: { unused: 1, other: "${vars.unused}" }\n')).instances[0]?.params,
    ).toEqual(planOfText(withParams('x: 1')).instances[0]?.params);
  });
});

describe('a file that extends another', () => {
  const base =
    'name: base\nvars: { model: small, keep: 1 }\nstages:\n' +
    '  a: { cmd: [echo], params: { model: "${vars.model}", grid: [1, 2], nested: { x: 1, y: 2 } ' +
    '} }\n  b: { cmd: [echo] }\n';
  const extending = (text: string) =>
    planOfText(text, { file: 'experiments/big.yaml', files: { 'pipeline.yaml': base } });

  test('maps merge, lists are replaced, null deletes (RFC 7396)', () => {
    const plan = extending(
      'extends: ../pipeline.yaml\nvars: { model: big }\n' +
        'stages: { a: { params: { grid: [3], nested: { y: ~, z: 4 } } }, b: ~, c: { cmd: [echo] } ' +
        '}\n',
    );
    expect(instanceOf(plan, 'a').params).toEqual({ model: 'big', grid: [3], nested: { x: 1, z: 4 } });
    expect(plan.instances.map(({ id }) => id)).toEqual(['a', 'c']);
  });

  test('is named by its own file: two files with one name would share a folder', () => {
    expect(extending('extends: ../pipeline.yaml\n').pipeline).toBe('big');
    expect(extending('name: mine\nextends: ../pipeline.yaml\n').pipeline).toBe('mine');
  });

  test('faults are located in the file that contains them', () => {
    const written = { file: 'experiments/big.yaml', files: { 'pipeline.yaml': base } };
    expect(
      faultsOf('extends: ../pipeline.yaml\nstages: { a: { params: { nested: "${vars.kept}" } } }\n', written),
    ).toEqual(['unknown-reference experiments/big.yaml:2:35 ${vars.kept}']);
    expect(faultsOf('extends: ../pipeline.yaml\nvars: { model: ~ }\n', written)).toEqual([
      'unknown-reference 4:39 ${vars.model}',
    ]);
  });

  test.each<readonly [string, string, string]>([
    ['itself', 'extends: big.yaml\n', 'extends-cycle experiments/big.yaml:1:10 big.yaml'],
    [
      'a file that is not there',
      'extends: ../pipelin.yaml\n',
      'unreadable experiments/big.yaml:1:10 ../pipelin.yaml',
    ],
    [
      'a file outside the project',
      'extends: ../../pipeline.yaml\n',
      'bad-path experiments/big.yaml:1:10 ../../pipeline.yaml',
    ],
    ['an absolute path', 'extends: /etc/passwd\n', 'bad-path experiments/big.yaml:1:10 /etc/passwd'],
    ['a number', 'extends: 1\n', 'wrong-type experiments/big.yaml:1:10 1'],
  ])('%s is refused', (_, text, fault) => {
    expect(faultsOf(text, { file: 'experiments/big.yaml', files: { 'pipeline.yaml': base } })).toEqual([
      fault,
    ]);
  });
});

describe('--set', () => {
  const text =
    'vars: { model: small, lora: { r: 8 } }\nstages:\n' +
    '  a: { matrix: [{ c: [{ name: x, r: 1 }] }], cmd: [echo], params: { model: "${vars.model}", ' +
    'r: "${vars.lora.r}", seed: 1, c: "${c.r}" } }\n';
  test.each<readonly [string, string, unknown]>([
    ['vars.model=data/models/mt5-base', 'model', 'data/models/mt5-base'],
    ['vars.lora.r=16', 'r', 16],
    ['stages.a.params.seed=1e3', 'seed', 1000],
    ['stages.a.matrix.0.c.0.r=5', 'c', 5],
    ['stages.a.matrix[0].c[0].r=5', 'c', 5],
    ['vars.model=', 'model', ''],
    ['vars.model="a = b"', 'model', 'a = b'],
    ['vars.model=[1, 2]', 'model', [1, 2]],
    ['vars.model=~', 'model', null],
    ['stages.a.params.seed=${vars.lora.r}', 'seed', 8],
    ['vars.model=a=b', 'model', 'a=b'],
    ['vars.model= 7', 'model', 7],
  ])('%s', (set, name, value) => {
    expect(instanceOf(planOfText(text, { set: [set] }), 'a[x]').params[name]).toStrictEqual(value);
  });

  test.each<readonly [string, string]>([
    ['vars.modle=x', 'bad-override --set:1:6 modle'],
    ['vars.model', 'bad-override --set:1:1 vars.model'],
    ['.model=x', 'bad-override --set:1:1 .model'],
    ['vars.model.x=1', 'bad-override --set:1:12 x'],
    ['stages.a.matrix.1.c=1', 'bad-override --set:1:17 1'],
    ['stages.a.matrix[1].c=1', 'bad-override --set:1:17 1'],
    ['stages.a[0]=1', 'bad-override --set:1:10 0'],
    ['stages.b.params.x=1', 'bad-override --set:1:8 b'],
    ['stages.a.cash=false', 'unknown-name --set:1:10 cash'],
    ['stages.a.retries=many', 'wrong-type --set:1:18 many'],
    ['vars.model=[1', 'yaml-syntax --set:1:12 ['],
    ['vars.model="${vars.nothing}"', 'unknown-reference --set:1:13 ${vars.nothing}'],
  ])('%s is refused, with the position in the argument', (set, fault) => {
    expect(faultsOf(text, { set: [set] })).toEqual([fault]);
  });

  test.each<readonly [string, string]>([
    ['vars.model=q: {a}', `YAML reads this value as a map; a text is typed --set 'vars.model="q: {a}"'`],
    ['vars.model=- a', `YAML reads this value as a list; a text is typed --set 'vars.model="- a"'`],
    ['vars.model=[1', `YAML cannot read this value; a text is typed --set 'vars.model="[1"'`],
    ['vars.model=a: b: c', `YAML cannot read this value; a text is typed --set 'vars.model="a: b: c"'`],
    [
      'stages.a.description=1e3',
      `YAML reads this value as the number 1e3; a text is typed --set 'stages.a.description="1e3"'`,
    ],
  ])('a fault of %s says how YAML reads it, and how to type a text', (set, note) => {
    const inText = text.replace('"${vars.model}"', '"of ${vars.model}"');
    expect(notesOf(inText, set)).toEqual([note]);
    const [typed = ''] = /(?<=--set ').*(?='$)/.exec(note) ?? [];
    expect(notesOf(inText, typed)).toEqual([]);
  });

  test('a fault of a text, or of the name before it, has no such note', () => {
    for (const set of ['stages.a.retries=many', 'vars.modle=[1]']) expect(notesOf(text, set)).toEqual([]);
  });

  const anchored = `vars: { lora: &lora { r: 8, nested: &nested { a: 1 } }, rate: &rate 0.1, text: "r is \${vars.rate}" }
stages:
  a: { matrix: { c: [{ name: x, <<: *lora }, { name: y, <<: *lora, r: 4 }] }, cmd: [echo], params: { c: "\${c}", rate: *rate, nested: *nested, text: "\${vars.text}" } }
`;
  test.each<readonly [string, unknown, unknown]>([
    ['vars.lora.r=16', { r: 16, nested: { a: 1 } }, { r: 4, nested: { a: 1 } }],
    ['vars.lora.nested.a=2', { r: 8, nested: { a: 2 } }, { r: 4, nested: { a: 2 } }],
    ['stages.a.matrix.c.0.r=16', { r: 16, nested: { a: 1 } }, { r: 4, nested: { a: 1 } }],
    ['stages.a.matrix.c.0.nested.a=2', { r: 8, nested: { a: 2 } }, { r: 4, nested: { a: 1 } }],
  ])('%s changes what aliases and merges take from there, and no more', (set, x, y) => {
    const plan = planOfText(anchored, { set: [set] });
    expect([instanceOf(plan, 'a[x]').params['c'], instanceOf(plan, 'a[y]').params['c']]).toEqual([x, y]);
  });

  test('a single value under an anchor is changed wherever it is used', () => {
    expect(instanceOf(planOfText(anchored, { set: ['vars.rate=0.5'] }), 'a[x]').params).toMatchObject({
      rate: 0.5,
      text: 'r is 0.5',
    });
  });

  test.each<readonly [string, readonly string[]]>([
    ['vars.used=2', []],
    ['vars.map.inner=2', []],
    ['vars.through=2', []],
    ['vars.anchored=2', []],
    ['stages.a.params.more=1', []],
    ['vars.all={ x: 1 }', []],
    ['vars.unused=2', ['unreached-var --set:1:13 2']],
    ['vars.map.other=3', ['unreached-var --set:1:16 3']],
    ['vars.dead=3', ['unreached-var --set:1:11 3']],
  ])('a changed var without effect is reported: %s', (set, warnings) => {
    const {
      result,
      warnings: told,
      sources,
    } = planned(
      'vars: { used: 1, unused: 1, map: { inner: 1, other: 1 }, through: 1, next: ' +
        '"${vars.through}", anchored: &anchored 1, dead: 1, gone: "${vars.dead}", all: { x: 2 } }\n' +
        'stages:\n  a: { cmd: "echo ${vars.used} ${vars.next}", params: { inner: ' +
        '"${vars.map.inner}", anchored: *anchored, all: "${vars.all}" } }\n',
      { set: [set] },
    );
    expect(result.ok).toBe(true);
    expect(told.map((warning) => faultText(warning, sources))).toEqual(warnings);
  });

  test('so is a var changed by an experiment file and used only by an anchor', () => {
    const { warnings, sources } = planned(
      'extends: ../pipeline.yaml\nvars: { lora: { r: 4 }, rate: 2, own: 1 }\n',
      { file: 'experiments/big.yaml', files: { 'pipeline.yaml': anchored } },
    );
    expect(warnings.map((warning) => faultText(warning, sources))).toEqual([
      'unreached-var experiments/big.yaml:2:20 4',
    ]);
    expect(warnings[0]?.help).toContain('--set');
  });

  test('each of several has its own position, and later ones win', () => {
    expect(faultsOf(text, { set: ['vars.model=1', 'vars.m=2'] })).toEqual(['bad-override --set (2):1:6 m']);
    expect(
      instanceOf(planOfText(text, { set: ['vars.model=1', 'vars.model=2'] }), 'a[x]').params['model'],
    ).toBe(2);
  });
});

test.each([
  ['#ff0000', '#ff0000'],
  ['run #5', 'run #5'],
  ['#', '#'],
  ['"quoted #5" ', 'quoted #5'],
  ['[a, b #c, #d]', ['a', 'b #c', '#d']],
  ['{ k: v #w }', { k: 'v #w' }],
  ['a#b', 'a#b'],
  ['\ue000 #5', '\ue000 #5'],
  ['5', 5],
])('a value of --set has no comments: %s', (typed, value) => {
  const { result } = planFile({
    file: 'pipeline.yaml',
    readText: () => ({
      ok: true,
      value: 'vars: { x: 1 }\nstages: { a: { cmd: ["true"], params: { x: "${vars.x}" } } }\n',
    }),
    overrides: [`vars.x=${typed}`],
  });
  expect(result.ok && result.value.instances[0]?.params).toEqual({ x: value });
});
