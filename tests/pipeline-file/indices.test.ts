import { describe, expect, test } from 'vitest';
import { faultOf, faultsOf, instanceOf, planned, planOfText } from './planned.ts';

const vars = 'vars: { list: [a, b], grid: [[1, 2], { r: [{ y: 7 }] }], empty: [], map: { x: 1 } }\n';
const withParam = (reference: string, more = ''): string =>
  `${vars}stages: { a: { cmd: [echo], params: { p: "${reference}" }${more} } }\n`;
const paramOf = (text: string, id = 'a'): unknown => instanceOf(planOfText(text), id).params['p'];

test.each<readonly [string, unknown]>([
  ['${vars.list[0]}', 'a'],
  ['${vars.list[1]}', 'b'],
  ['${ vars.list[1] }', 'b'],
  ['${vars.grid[0][1]}', 2],
  ['${vars.grid[1].r[0].y}', 7],
  ['${vars.grid[1].r[0]}', { y: 7 }],
  ['x-${vars.list[0]}-${vars.grid[0][0]}', 'x-a-1'],
])('%s is the element', (reference, value) => {
  expect(paramOf(withParam(reference))).toStrictEqual(value);
});

test('elements of axes and of params can be referenced', () => {
  const axis = withParam('${pair[1]}', ', matrix: { pair: [[1, 2]] }');
  const [instance] = planOfText(axis).instances;
  expect(instance?.params).toEqual({ p: 2 });
  const command =
    `${vars}stages: { a: { cmd: [echo, "\${params.x[1].y}", "\${vars.list[0]}"], params: { x: [0, ` +
    `{ y: z }] } } }\n`;
  const { program } = instanceOf(planOfText(command), 'a');
  expect(program.kind === 'argv' && program.words.flat().map((piece) => piece)).toEqual([
    { kind: 'text', text: 'echo' },
    { kind: 'text', text: 'z' },
    { kind: 'text', text: 'a' },
  ]);
});

test('a matrix and another var can take an element', () => {
  const text =
    `vars: { lists: [[1, 2]], second: "\${vars.lists[0][1]}" }\n` +
    `stages: { a: { cmd: [echo], matrix: { n: "\${vars.lists[0]}" }, params: { p: ` +
    `"\${vars.second}" } } }\n`;
  expect(planOfText(text).instances.map(({ id }) => id)).toEqual(['a[1]', 'a[2]']);
  expect(paramOf(text, 'a[1]')).toBe(2);
});

describe('a missing element is an error at the reference, with the existing ones', () => {
  test.each<readonly [string, string]>([
    ['${vars.list[2]}', 'vars.list has 2 elements (the first is [0]), so there is no [2]'],
    ['${vars.grid[0][5]}', 'vars.grid[0] has 2 elements (the first is [0]), so there is no [5]'],
    ['${vars.empty[0]}', 'vars.empty is an empty list, so there is no [0]'],
    ['${vars.map[0]}', 'vars.map is a map and has no [0]'],
    ['${vars.map.x[0]}', 'vars.map.x is the number 1 and has no [0]'],
    ['${vars.list.a}', 'vars.list is a list and has no "a"'],
  ])('%s', (reference, message) => {
    expect(faultsOf(withParam(reference))).toEqual([`unknown-reference 2:43 ${reference}`]);
    expect(faultOf(withParam(reference)).message).toBe(message);
  });

  test.each([
    '${vars.list[-1]}',
    '${vars.list[a]}',
    '${vars.list[]}',
    '${[0]}',
    '${vars[0].x]}',
    '${vars.list[01]}',
  ])('%s is not a reference', (reference) => {
    expect(faultsOf(withParam(reference)).map((fault) => fault.split(' ')[0])).toEqual(['bad-reference']);
  });

  test('of a dep and an out', () => {
    const text = 'stages: { a: { cmd: [echo, "${outs.o[0]}"], outs: { o: o } } }\n';
    expect(faultOf(text).message).toBe('${outs.o[0]}: an out is a path and has no names or elements');
  });
});

test('a changed element counts as used where a reference names it', () => {
  const warnings = (set: string): readonly string[] =>
    planned(withParam('${vars.list[0]}'), { set: [set] }).warnings.map(({ code }) => code);
  expect(warnings('vars.list.0=c')).toEqual([]);
  expect(warnings('vars.list.1=c')).toEqual(['unreached-var']);
});
