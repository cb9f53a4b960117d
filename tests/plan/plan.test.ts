import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axisName, encodedLabel, instanceName } from '../../src/runner/plan/instance-name.ts';
import type { Plan } from '../../src/runner/plan/instance.ts';
import { faultOf, faultsOf, instanceOf, planOfText } from '../pipeline-file/planned.ts';

const ids = (plan: Plan, stage: string): readonly string[] =>
  plan.instances.filter((instance) => instance.stage === stage).map(({ id }) => id);
const needs = (plan: Plan, id: string): readonly string[] => plan.needs.get(instanceOf(plan, id).id) ?? [];

/** The members that `g[a]` gathers from a stage with these values of x, each with its axes. */
function gathered(values: string): readonly (readonly string[])[] {
  const plan = planOfText(
    `stages: { t: { matrix: { x: [${values}], d: [b, a] }, cmd: [a], outs: { o: o } }, g: { ` +
      'matrix: { d: [a] }, cmd: [a], deps: { m: { from: t, out: o, gather: true } } } }',
  );
  const dep = instanceOf(plan, 'g[a]').deps['m'];
  return dep?.kind === 'gather'
    ? dep.members.map(({ instance, axes }) => [instance, JSON.stringify(axes)])
    : [];
}

const matrix = (axes: { readonly [name: string]: unknown }): string =>
  JSON.stringify(Object.fromEntries(Object.entries(axes).filter(([, values]) => values !== null)));

/** A stage of 100 instances, each of which reads from three others. */
const layer = (index: number): string => `  s${index}:
    matrix: { x: [${Array.from({ length: 100 }, (_, value) => value).join(', ')}] }
    cmd: [a]
    outs: { o: o }
${
  index < 3
    ? ''
    : `    deps: { a: { from: s${index - 1}, out: o }, b: { from: s${index - 2}, out: o }, c: { from: ` +
      `s${index - 3}, out: o } }\n`
}`;

describe('a matrix', () => {
  test('is a union of products, and one for each instance of another stage', () => {
    const plan = planOfText(readFileSync(join(import.meta.dirname, '../pipeline-file/example.yaml'), 'utf8'));
    const points = [
      'aimc,base',
      'aimc,full',
      'aimc,lora',
      'huatuo,base',
      'huatuo,full',
      'huatuo,lora',
      'aimc,gs_1',
      'aimc,gs_2',
    ];
    expect(ids(plan, 'train')).toEqual(points.map((point) => `train[${point}]`));
    expect(ids(plan, 'eval')).toEqual(points.map((point) => `eval[${point}]`));
    expect(needs(plan, 'eval[aimc,gs_1]')).toEqual(['train[aimc,gs_1]', 'data-format[aimc]']);
    expect(instanceOf(plan, 'train[aimc,gs_1]')).toMatchObject({
      folder: 'artifacts/medical-qa/train/aimc,gs_1',
      labels: { dataset: 'aimc', config: 'gs_1' },
      axes: { dataset: 'aimc', config: { r: 24, alpha: 96 } },
    });
    expect(instanceOf(plan, 'train[aimc,gs_1]').outs['log']).toMatchObject({
      path: 'artifacts/medical-qa/train/aimc,gs_1/log.jsonl',
      declared: 'log.jsonl',
      kind: 'series',
    });
    expect(instanceOf(plan, 'files[aimc]').outs['page']).toMatchObject({
      path: 'pages/page.html',
      workspace: true,
    });
    expect(instanceOf(plan, 'collate').folder).toBe('artifacts/medical-qa/collate');
  });

  test('multiplies the axes of another stage with its own', () => {
    const plan = planOfText(
      'stages: { t: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }, e: { matrix: { from: t, ' +
        'beams: [1, 4] }, cmd: [a], deps: { m: { from: t, out: o } } } }',
    );
    expect(ids(plan, 'e')).toEqual(['e[1,1]', 'e[1,4]', 'e[2,1]', 'e[2,4]']);
    expect(needs(plan, 'e[2,1]')).toEqual(['t[2]']);
  });

  test('identifies instances by the values in axis order, whatever the order of products', () => {
    expect(
      ids(planOfText('stages: { a: { matrix: [{ x: 1, y: 2 }, { y: 3, x: 4 }], cmd: [a] } }'), 'a'),
    ).toEqual(['a[1,2]', 'a[4,3]']);
    expect(ids(planOfText('stages: { a: { matrix: [{ x: 1 }, { x: 1, y: 3 }], cmd: [a] } }'), 'a')).toEqual([
      'a[1]',
      'a[1,3]',
    ]);
  });

  test('shows a map without a name as pairs, sorted by name', () => {
    expect(ids(planOfText('stages: { a: { matrix: { c: [{ r: 8, lr: 3e-3 }] }, cmd: [a] } }'), 'a')).toEqual([
      'a[lr=3e-3+r=8]',
    ]);
  });

  test('renaming a point changes its names and nothing in a key', () => {
    const [before, after] = ['x', 'y'].map((name) =>
      instanceOf(
        planOfText(
          `stages: { a: { matrix: { c: [{ name: ${name}, r: 8 }] }, cmd: [a, "\${c.r}"], params: ` +
            `{ c: "\${c}" }, outs: { o: o } } }`,
        ),
        `a[${name}]`,
      ),
    );
    if (before === undefined || after === undefined) throw new Error('two are expected');
    expect(after.params).toEqual(before.params);
    expect(after.program).toMatchObject({ words: [[{ text: 'a' }], [{ text: '8' }]] });
    expect([before.folder, after.folder]).toEqual(['artifacts/pipeline/a/x', 'artifacts/pipeline/a/y']);
  });

  test('points with equal values and two names are two instances', () => {
    const plan = planOfText(
      'stages: { t: { matrix: { c: [{ name: x, r: 8 }, { name: y, r: 8 }] }, cmd: [a], outs: { ' +
        'o: o } }, e: { matrix: { from: t }, cmd: [a], deps: { m: { from: t, out: o } } } }',
    );
    expect(needs(plan, 'e[y]')).toEqual(['t[y]']);
  });
});

describe('names of instances', () => {
  test.each([
    ['aimc', 'aimc'],
    ['gs_1', 'gs_1'],
    ['1e-5', '1e-5'],
    ['a b', 'a%20b'],
    ['a,b', 'a%2Cb'],
    ['a/b', 'a%2Fb'],
    ['..', '%2E%2E'],
    ['.x', '%2Ex'],
    ['x.', 'x%2E'],
    ['-x', '%2Dx'],
    ['100%', '100%25'],
    ['con', '%63on'],
    ['Nul.txt', '%4Eul.txt'],
    ['中文', '中文'],
    ['é', 'é'],
    ['a\u202Eb', 'a%E2%80%AEb'],
    ['*', '%2A'],
    ['[x]', '%5Bx%5D'],
    ['a:b', 'a%3Ab'],
    ['\n', '%0A'],
    ['😀', '%F0%9F%98%80'],
    ['a\u200Bb', 'a%E2%80%8Bb'],
  ])('%j is written %s', (label, written) => {
    expect(encodedLabel(label)).toBe(written);
  });

  test('no label leaves its folder, is hidden, or collides with another', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((label) => !/\p{Surrogate}/u.test(label)),
        (label) => {
          const written = encodedLabel(label);
          expect(written).not.toMatch(
            /^[.-]|[/\\,[\]*?:"<>|\s%](?![0-9A-F]{2})|\.$|^(con|nul|aux|prn)(\.|$)/i,
          );
          expect(decodeURIComponent(written)).toBe(label);
        },
      ),
    );
  });

  test('a long name is cut in bytes and ends with a digest', () => {
    const [one, other] = ['x', 'y'].map((end) =>
      instanceName('a', [axisName(`${'数'.repeat(100)}${end}`), 'b']),
    );
    if (one === undefined || other === undefined) throw new Error('two are expected');
    expect(Buffer.byteLength(one.folder)).toBeLessThanOrEqual(180);
    expect(one.folder).toMatch(/^数+~[0-9a-f]{8}(,b)?$/);
    expect(one.id).toBe(`a[${one.folder}]`);
    expect(one.folder).not.toBe(other.folder);
  });

  test('a pipeline and a stage named like a device have folders too', () => {
    expect(planOfText('name: con\nstages: { nul: { cmd: [a] } }').instances[0]?.folder).toBe(
      'artifacts/%63on/%6Eul',
    );
  });
});

describe('deps', () => {
  test('gather takes all that agree, in an order independent of the file', () => {
    const expected = [
      ['t[null,a]', '{"d":"a","x":null}'],
      ['t[9,a]', '{"d":"a","x":9}'],
      ['t[10,a]', '{"d":"a","x":10}'],
      ['t[B,a]', '{"d":"a","x":"B"}'],
      ['t[a,a]', '{"d":"a","x":"a"}'],
      ['t[r=1,a]', '{"d":"a","x":{"r":1}}'],
    ];
    expect(gathered('B, 10, { r: 1 }, 9, a, ~')).toEqual(expected);
    expect(gathered('~, a, 9, { r: 1 }, 10, B')).toEqual(expected);
  });

  test('a gathered member is reported with its name, which readers may show', () => {
    const plan = planOfText(
      'stages: { t: { matrix: { c: [{ name: x, r: 8 }] }, cmd: [a], outs: { o: o } }, g: { cmd: ' +
        '[a], deps: { m: { from: t, out: o, gather: true } } } }',
    );
    expect(instanceOf(plan, 'g').deps['m']).toMatchObject({
      members: [{ axes: { c: { name: 'x', r: 8 } } }],
    });
  });

  test('project paths, outside paths and hub models are distinguished after resolving references', () => {
    const plan = planOfText(
      'vars: { m: hf:google/mt5-base@abc123 }\nstages: { a: { matrix: { x: [p/q] }, cmd: [a], deps: { a: ./data//${x}.csv, b: { path: "../${x}", external: true }, c: "${vars.m}" } } }'.replace(
        './data//${x}.csv',
        '"./data//${x}.csv"',
      ),
    );
    const { deps } = instanceOf(plan, 'a[p%2Fq]');
    expect(deps['a']).toMatchObject({ kind: 'path', path: 'data/p/q.csv', external: false });
    expect(deps['b']).toMatchObject({ kind: 'path', path: '../p/q', external: true });
    expect(deps['c']).toMatchObject({ kind: 'hub', repository: 'google/mt5-base', revision: 'abc123' });
  });

  test('an instance comes after its dependencies, otherwise in file order', () => {
    const plan = planOfText(
      'stages: { d: { cmd: [a], deps: { x: { from: b, out: o }, y: { from: b, out: o } } }, a: { ' +
        'cmd: [a] }, b: { cmd: [a], outs: { o: o } }, c: { cmd: [a] } }',
    );
    expect(plan.instances.map(({ id }) => id)).toEqual(['b', 'd', 'a', 'c']);
    expect(needs(plan, 'd')).toEqual(['b']);
  });

  test('a chain of 10,000 stages is planned', () => {
    const chain = Array.from(
      { length: 5_000 },
      (_, index) =>
        `  s${5_000 - index}: { cmd: [a], deps: { x: { from: s${4_999 - index}, out: o } }, ` +
        `outs: { o: o } }\n`,
    ).join('');
    const plan = planOfText(`stages:\n${chain}  s0: { cmd: [a], outs: { o: o } }\n`);
    expect(plan.instances.at(0)?.id).toBe('s0');
    expect(plan.instances.at(-1)?.id).toBe('s5000');
    const matrices = Array.from(
      { length: 3_000 },
      (_, index) => `  s${3_000 - index}: { matrix: { from: s${2_999 - index} }, cmd: [a] }\n`,
    ).join('');
    expect(planOfText(`stages:\n${matrices}  s0: { matrix: { x: [1] }, cmd: [a] }\n`).instances).toHaveLength(
      3_001,
    );
  });

  test('every join equals comparing each with each', () => {
    const axes = fc.record({
      x: fc.option(fc.subarray([1, 2, 3], { minLength: 1 })),
      y: fc.option(fc.subarray(['a', 'b'], { minLength: 1 })),
      z: fc.option(fc.subarray([true, false], { minLength: 1 })),
    });
    fc.assert(
      fc.property(axes, axes, (source, target) => {
        const text =
          `stages: { t: { matrix: ${matrix(source)}, cmd: [a], outs: { o: o } }, g: { matrix: ` +
          `${matrix(target)}, cmd: [a], deps: { m: { from: t, out: o, gather: true } } } }`;
        const faults = faultsOf(text);
        if (faults.length > 0) {
          expect(faults.every((fault) => fault.startsWith('no-match'))).toBe(true);
          return;
        }
        const plan = planOfText(text);
        for (const instance of plan.instances.filter(({ stage }) => stage === 'g')) {
          const agreeing = plan.instances.filter(
            (other) =>
              other.stage === 't' &&
              Object.entries(other.axes).every(
                ([name, value]) => !Object.hasOwn(instance.axes, name) || instance.axes[name] === value,
              ),
          );
          expect(new Set(needs(plan, instance.id))).toEqual(new Set(agreeing.map(({ id }) => id)));
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('a field that no point of an axis has is answered with those that it has, its name among them', () => {
  const text =
    'stages: { a: { matrix: { d: [{ name: x, form: csv }] }, cmd: [a], params: { p: "${d.nmae}" } } }';
  expect(faultOf(text).message).toBe('there is no "nmae" in d: expected one of name, form');
});

test('every param knows the position of its value, through references and merges', () => {
  const text =
    'vars: { base: &b { lr: 1, "a/b~c": 2 } }\n' +
    'stages: { a: { matrix: { c: [{ name: x, <<: *b, r: [3, 4] }] }, cmd: [a], params: { config: ' +
    '"${c}", n: 5 } } }';
  const { paramRanges } = instanceOf(planOfText(text), 'a[x]');
  const written = (pointer: string): string =>
    text.slice(
      paramRanges[pointer]?.offset,
      (paramRanges[pointer]?.offset ?? 0) + (paramRanges[pointer]?.length ?? 0),
    );
  expect(Object.keys(paramRanges).map((pointer) => [pointer, written(pointer)])).toEqual([
    ['', '{ config: "${c}", n: 5 }'],
    ['/config', '{ name: x, <<: *b, r: [3, 4] }'],
    ['/config/lr', '1'],
    ['/config/a~1b~0c', '2'],
    ['/config/r', '[3, 4]'],
    ['/config/r/0', '3'],
    ['/config/r/1', '4'],
    ['/n', '5'],
  ]);
});

test('10,000 instances with 30,000 edges: each join takes one step per edge', () => {
  const plan = planOfText(`stages:\n${Array.from({ length: 104 }, (_, index) => layer(index)).join('')}`);
  expect(plan.instances).toHaveLength(10_400);
  expect([...plan.needs.values()].flat()).toHaveLength(30_300);
});
