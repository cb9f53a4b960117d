import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import type { InstanceId } from '../../src/runner/identity.ts';
import type { Plan } from '../../src/runner/plan/instance.ts';
import { planFile, type PlannedFile } from '../../src/runner/plan/plan-file.ts';
import { rememberedPlan, rememberPlan } from '../../src/runner/plan/remembered-plan.ts';
import { select, type Selection } from '../../src/runner/plan/select.ts';
import type { SourceRequest } from '../../src/runner/pipeline-file/source-request.ts';
import { faultsOf } from '../pipeline-file/planned.ts';

/** What lists hold, by instance and out. */
type Lists = Readonly<Record<string, string>>;

const requestOf = (text: string, lists: Lists): SourceRequest => ({
  file: 'pipeline.yaml',
  overrides: [],
  readText: () => ({ ok: true, value: text }),
  readList: (_, instance, out) => {
    const found = lists[`${instance} ${out}`];
    return found === undefined ? undefined : { digest: digestOf(found), text: () => found };
  },
});
const planned = (text: string, lists: Lists = {}): PlannedFile => planFile(requestOf(text, lists));
function planOf(text: string, lists: Lists = {}): Plan {
  const { result } = planned(text, lists);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join('\n'));
  return result.value;
}
const ids = ({ instances }: Plan): readonly string[] => instances.map(({ id }) => id);
const open = ({ listed = [] }: Plan): readonly string[] =>
  listed.filter(({ isKnown }) => !isKnown).map(({ name, after }) => `${name} after ${after.join(' ')}`);
const needs = (plan: Plan, id: string): readonly string[] =>
  plan.needs.get(plan.instances.find((instance) => instance.id === id)?.id ?? ('' as InstanceId)) ?? [];

const fanOut = `stages:
  list: { cmd: [list], outs: { shards: shards.json } }
  split:
    matrix: { shard: { $from: list, out: shards } }
    cmd: [split, "\${shard}"]
    outs: { part: part.txt }
  size:
    matrix: { from: split, unit: [byte, line] }
    cmd: [size]
    deps: { part: { from: split, out: part } }
    outs: { size: size.json }
  merge:
    cmd: [merge]
    deps: { sizes: { from: size, out: size, gather: true } }
    outs: { all: all.json }
  page: { cmd: [page], deps: { all: { from: merge, out: all } } }
`;

describe('a matrix whose values come from a list', () => {
  test('before the list is known, none of its dependents are planned', () => {
    const plan = planOf(fanOut);
    expect(ids(plan)).toEqual(['list']);
    expect(open(plan)).toEqual([
      'split[*] after list',
      'size[*,byte] after list',
      'size[*,line] after list',
      'merge after list',
      'page after list',
    ]);
  });

  test('once it is known, each element is an instance, and its dependents are planned', () => {
    const plan = planOf(fanOut, { 'list shards': '["b", "a"]' });
    expect(ids(plan)).toEqual([
      'list',
      'split[b]',
      'split[a]',
      'size[b,byte]',
      'size[b,line]',
      'size[a,byte]',
      'size[a,line]',
      'merge',
      'page',
    ]);
    expect(open(plan)).toEqual([]);
    expect(needs(plan, 'size[a,line]')).toEqual(['split[a]', 'list']);
    expect(needs(plan, 'merge')).toEqual([
      'size[a,byte]',
      'size[a,line]',
      'size[b,byte]',
      'size[b,line]',
      'list',
    ]);
  });

  test("an element's identity does not depend on its index, and a point is a map with a name", () => {
    const text = fanOut.replace('"${shard}"', '"${shard.from}"');
    const one = planOf(text, { 'list shards': '[{ "name": "x", "from": 1 }, { "name": "y", "from": 2 }]' });
    const other = planOf(text, { 'list shards': '[{ "name": "y", "from": 2 }, { "from": 1, "name": "x" }]' });
    expect(ids(one).slice(1, 3)).toEqual(['split[x]', 'split[y]']);
    const byId = (plan: Plan) =>
      Object.fromEntries(plan.instances.map((instance) => [instance.id, instance]));
    expect(byId(one)).toEqual(byId(other));
  });

  test('a .jsonl file has one value per line', () => {
    const text = fanOut.replace('shards.json', 'shards.jsonl');
    expect(ids(planOf(text, { 'list shards': '"a"\n\n2\r\n' })).slice(1, 3)).toEqual([
      'split[a]',
      'split[2]',
    ]);
  });

  test('the text of an element is never a reference', () => {
    expect(ids(planOf(fanOut, { 'list shards': '["${vars.x}"]' }))[1]).toBe('split[%24%7Bvars.x%7D]');
  });

  const grouped = `stages:
  list: { matrix: { data: [x, y] }, cmd: [list], outs: { shards: shards.json } }
  split:
    matrix: { shard: { $from: list, out: shards }, data: [x, y] }
    cmd: [split]
    outs: { part: part.txt }
  merge:
    matrix: { data: [x, y] }
    cmd: [merge]
    deps: { parts: { from: split, out: part, gather: true } }
    outs: { all: all.json }
`;

  test('the list of the instance that agrees on the other axes is used', () => {
    const plan = planOf(grouped, { 'list[x] shards': '[1, 2]', 'list[y] shards': '[3]' });
    expect(ids(plan)).toEqual([
      'list[x]',
      'list[y]',
      'split[1,x]',
      'split[2,x]',
      'split[3,y]',
      'merge[x]',
      'merge[y]',
    ]);
    expect(needs(plan, 'merge[y]')).toEqual(['split[3,y]', 'list[y]']);
  });

  test('instances that wait for one list do not delay those that wait for another', () => {
    const plan = planOf(grouped, { 'list[x] shards': '[1]' });
    expect(ids(plan)).toEqual(['list[x]', 'list[y]', 'split[1,x]', 'merge[x]']);
    expect(open(plan)).toEqual(['split[*,y] after list[y]', 'merge[y] after list[y]']);
  });

  const nested = `stages:
  books: { cmd: [books], outs: { all: books.json } }
  pages:
    matrix: { book: { $from: books, out: all } }
    cmd: [pages]
    outs: { all: pages.json }
  read:
    matrix: { book: { $from: books, out: all }, page: { $from: pages, out: all } }
    cmd: [read]
`;

  test('there may be one list for each element of another', () => {
    expect(open(planOf(nested))).toEqual(['pages[*] after books', 'read[*,*] after books']);
    const half = planOf(nested, { 'books all': '["b"]' });
    expect(ids(half)).toEqual(['books', 'pages[b]']);
    expect(open(half)).toEqual(['read[b,*] after books pages[b]']);
    expect(ids(planOf(nested, { 'books all': '["b"]', 'pages[b] all': '[1, 2]' }))).toEqual([
      'books',
      'pages[b]',
      'read[b,1]',
      'read[b,2]',
    ]);
  });

  const rungs = `stages:
  all: { cmd: [all], outs: { points: points.json } }
  first: { matrix: { point: { $from: all, out: points } }, cmd: [first], outs: { score: score.json } }
  best: { cmd: [best], deps: { scores: { from: first, out: score, gather: true } }, outs: { points: points.json } }
  last: { matrix: { point: { $from: best, out: points } }, cmd: [last], deps: { first: { from: first, out: score } }, outs: { o: o } }
  page: { cmd: [page], deps: { all: { from: last, out: o, gather: true } } }
`;

  test('a list made by the instances of another is known after that', () => {
    expect(open(planOf(rungs))).toEqual([
      'first[*] after all',
      'best after all',
      'last[*] after all',
      'page after all',
    ]);
    // What was made of other instances is no list of these.
    expect(open(planOf(rungs, { 'best points': '[1]' }))).toContain('last[1] after all');
    const half = planOf(rungs, { 'all points': '[1, 2]' });
    expect(ids(half)).toEqual(['all', 'first[1]', 'first[2]', 'best']);
    expect(open(half)).toEqual(['last[*] after best', 'page after best']);
    expect(ids(planOf(rungs, { 'all points': '[1, 2]', 'best points': '[2]' })).slice(4)).toEqual([
      'last[2]',
      'page',
    ]);
  });

  test('an empty list gives no instances where allowed, and gathering stages still run', () => {
    const text = fanOut.replace('out: shards }', 'out: shards, allowEmpty: true }');
    const plan = planOf(text, { 'list shards': '[]' });
    expect(ids(plan)).toEqual(['list', 'merge', 'page']);
    expect(needs(plan, 'merge')).toEqual(['list']);
  });

  test('$from is not a path of values: faults are reported before any list is known', () => {
    const bad = (from: string, to: string): readonly string[] =>
      faultsOf(fanOut.replace(from, to)).map((fault) => fault.replace(/ \d+:\d+/, ''));
    expect(bad('"${shard}"', '"${shrad}"')).toEqual(['unknown-reference ${shrad}']);
    expect(bad('$from: list', '$from: lits')).toEqual(['unknown-stage lits']);
    expect(bad('out: shards }', 'out: shard }')).toEqual(['unknown-out shard']);
    expect(bad('out: shards }', 'out: shards, more: 1 }')).toEqual(['unknown-name more']);
    expect(
      bad('list: { cmd: [list],', 'list: { cmd: [list], deps: { x: { from: merge, out: all } },')[0],
    ).toMatch(/^cycle /);
  });
});

describe('an unusable list', () => {
  test.each<readonly [string, string]>([
    ['{}', 'it is JSON but not a list (name a file with one value per line .jsonl)'],
    ['[1, 2', 'line 1, column 6: is not JSON'],
    ['["a", "a"]', 'its values 1 and 2 are equal: a'],
    ['["a", "A"]', 'its values 1 and 2 would share a folder: a, A'],
    ['[]', 'it is empty'],
    [
      '[12345678901234567890]',
      'its value 1 is 12345678901234567000, a whole number with more digits than a double keeps: ' +
        'write it as text',
    ],
    ['["a\\u0000"]', 'its value 1 has a text with a NUL character'],
    ['[{ "name": "" }]', 'the "name" of its value 1 is not a text that can be used as a label'],
    [`[${'['.repeat(200)}${']'.repeat(200)}]`, 'its value 1 has more than 100 levels'],
    [
      JSON.stringify(Array.from({ length: 100_001 }, (_, index) => index)),
      'it has 100001 values, and a pipeline at most 100000 instances',
    ],
  ])('is not a fault of the file, so that its stage can still run: %.20s', (list, message) => {
    const { result, listFaults = [] } = planned(fanOut, { 'list shards': list });
    expect(result.ok && ids(result.value)).toEqual(['list']);
    expect(listFaults.map((fault) => fault.message)).toEqual([
      expect.stringContaining(`the list shards of list gives shard no values: ${message}`),
    ]);
  });

  test('is one too when its values lead to a fault', () => {
    const text = `stages:
  list: { cmd: [list], outs: { shards: shards.json } }
  raw: { matrix: { shard: [a, b] }, cmd: [raw], outs: { o: o } }
  split: { matrix: { shard: { $from: list, out: shards } }, cmd: [split], deps: { raw: { from: raw, out: o } } }
`;
    expect(ids(planOf(text, { 'list shards': '["b"]' }))).toContain('split[b]');
    const { result, listFaults = [] } = planned(text, { 'list shards': '["c"]' });
    expect(result.ok).toBe(true);
    expect(listFaults.map(({ code }) => code)).toEqual(['no-match']);
  });
});

describe('a remembered plan', () => {
  test('is valid for the lists that it was made with', () => {
    const text = rememberPlan(
      planOf(fanOut, { 'list shards': '[1]' }),
      new Map([['pipeline.yaml', fanOut]]),
      requestOf(fanOut, {}),
      'x',
    );
    expect(rememberedPlan(text, requestOf(fanOut, { 'list shards': '[1]' }), 'x')).toBeDefined();
    expect(rememberedPlan(text, requestOf(fanOut, { 'list shards': '[2]' }), 'x')).toBeUndefined();
    expect(rememberedPlan(text, requestOf(fanOut, {}), 'x')).toBeUndefined();
  });
});

describe('a selection', () => {
  const selected = (lists: Lists, pattern: string, mode: Selection['mode'] = 'needs') => {
    const found = select(planOf(fanOut, lists), { patterns: [pattern], mode });
    return found.ok
      ? {
          chosen: found.value.chosen.map(({ id }) => id),
          listed: found.value.listed.map(({ name }) => name),
          unmatched: found.value.unmatched.map(({ code }) => code),
        }
      : found.error.map(({ code }) => code);
  };
  const known = { 'list shards': '["a"]' };

  test('that a list could match includes the stage that makes the list', () => {
    expect(selected({}, 'split[c]')).toEqual({ chosen: ['list'], listed: ['split[*]'], unmatched: [] });
    expect(selected({}, 'merge')).toEqual({ chosen: ['list'], listed: ['merge'], unmatched: [] });
    expect(selected({}, 'size[*,byte]')).toMatchObject({ listed: ['size[*,byte]'] });
  });

  test('without a match in the current list is decided after the list', () => {
    expect(selected(known, 'split[c]')).toEqual({
      chosen: ['list'],
      listed: ['split[*]'],
      unmatched: ['no-instance'],
    });
    expect(selected(known, 'split[a]')).toEqual({
      chosen: ['list', 'split[a]'],
      listed: ['split[*]'],
      unmatched: [],
    });
  });

  test('that no list can match is refused', () => {
    expect(selected(known, 'split[a,b]')).toEqual(['no-instance']);
    expect(selected({}, 'size[a,bite]')).toEqual(['no-instance']);
    expect(selected({}, 'spilt')).toEqual(['unknown-stage']);
  });

  test('that names the stage of a list includes the instances of the list', () => {
    expect(selected({}, 'list', 'from')).toMatchObject({
      chosen: ['list'],
      listed: expect.arrayContaining(['split[*]', 'page']),
    });
  });
});
