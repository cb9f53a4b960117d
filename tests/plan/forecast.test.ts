import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/runner/manifest/decide.ts';
import { parseKey } from '../../src/runner/manifest/key-of.ts';
import { forecast } from '../../src/runner/plan/forecast.ts';
import { planOfText } from '../spec/planned.ts';

const plan = planOfText(`stages:
  a: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }
  b: { matrix: { from: a }, cmd: [a], deps: { d: { from: a, out: o } }, outs: { o: o } }
  c: { cmd: [a], deps: { d: { from: b, out: o, gather: true } }, outs: { o: o } }
  n: { matrix: { from: a }, cmd: [a], deps: { d: { from: a, out: o } }, cache: false }
`);
const key = parseKey('0'.repeat(64));
const hit: Decision = { kind: 'restore', entry: { key: key ?? expect.unreachable(), outs: {} } };
const miss: Decision = { kind: 'run', because: [{ kind: 'forced' }] };

describe('what a run would do', () => {
  test('what follows something that runs may run, and waits for it', () => {
    const { willRun, mayRun, cached } = forecast(plan, plan.instances, ({ id }) => (id === 'a[1]' ? miss : hit), () => false);
    expect(willRun).toEqual([{ instance: 'a[1]', because: [{ kind: 'forced' }] }, { instance: 'n[1]', because: [{ kind: 'not-cached' }] }]);
    expect(mayRun).toEqual([{ instance: 'b[1]', after: ['a[1]'] }, { instance: 'c', after: ['b[1]'] }]);
    expect(cached).toEqual(['a[2]', 'b[2]', 'n[2]']);
  });

  test('what has never finished runs for certain', () => {
    const { willRun, mayRun } = forecast(plan, plan.instances, () => miss, () => true);
    expect(willRun).toHaveLength(plan.instances.length);
    expect(mayRun).toEqual([]);
  });

  test('a key that depends on what runs is never asked for', () => {
    const asked: string[] = [];
    forecast(plan, plan.instances, ({ id }) => {
      asked.push(id);
      return miss;
    }, () => false);
    expect(asked).toEqual(['a[1]', 'a[2]']);
  });

  test('what is not chosen is taken as it stands', () => {
    const chosen = plan.instances.filter(({ stage }) => stage === 'c');
    expect(forecast(plan, chosen, () => hit, () => false)).toEqual({ willRun: [], mayRun: [], cached: ['c'] });
  });
});
