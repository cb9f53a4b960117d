import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/runner/manifest/decide.ts';
import { parseKey } from '../../src/runner/manifest/key-of.ts';
import { forecast, type ForecastFacts } from '../../src/runner/plan/forecast.ts';
import { planOfText } from '../pipeline-file/planned.ts';

const plan = planOfText(`stages:
  a: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }
  b: { matrix: { from: a }, cmd: [a], deps: { d: { from: a, out: o } }, outs: { o: o } }
  c: { cmd: [a], deps: { d: { from: b, out: o, gather: true } }, outs: { o: o } }
  n: { matrix: { from: a }, cmd: [a], deps: { d: { from: a, out: o } }, cache: false }
`);
const key = parseKey('0'.repeat(64));
const hit: Decision = { kind: 'restore', entry: { key: key ?? expect.unreachable(), outs: {} } };
const facts: ForecastFacts = {
  decideNow: () => hit,
  displaced: () => [],
  neverFinished: () => false,
  droppedNeeds: () => new Map(),
};
const miss: Decision = { kind: 'run', because: [{ kind: 'forced' }] };

describe('forecasting a run', () => {
  test('dependents of an instance that runs may run, and wait for it', () => {
    const { willRun, mayRun, upToDate } = forecast(plan, plan.instances, {
      ...facts,
      decideNow: ({ id }) => (id === 'a[1]' ? miss : hit),
    });
    expect(willRun).toEqual([
      { instance: 'a[1]', because: [{ kind: 'forced' }] },
      { instance: 'n[1]', because: [{ kind: 'not-cached' }] },
    ]);
    expect(mayRun).toEqual([
      { instance: 'b[1]', after: ['a[1]'] },
      { instance: 'c', after: ['b[1]'] },
    ]);
    expect(upToDate).toEqual(['a[2]', 'b[2]', 'n[2]']);
  });

  test('an instance that never finished runs for certain', () => {
    const { willRun, mayRun } = forecast(plan, plan.instances, {
      ...facts,
      decideNow: () => miss,
      neverFinished: () => true,
    });
    expect(willRun).toHaveLength(plan.instances.length);
    expect(mayRun).toEqual([]);
  });

  test('a key that depends on an instance that runs is never computed', () => {
    const asked: string[] = [];
    forecast(plan, plan.instances, {
      ...facts,
      decideNow: ({ id }) => {
        asked.push(id);
        return miss;
      },
    });
    expect(asked).toEqual(['a[1]', 'a[2]']);
  });

  test('instances that are not chosen are used as is', () => {
    const chosen = plan.instances.filter(({ stage }) => stage === 'c');
    expect(forecast(plan, chosen, facts)).toEqual({
      willRun: [],
      mayRun: [],
      upToDate: ['c'],
      willRestore: [],
    });
  });

  test('a result that is cached but not in place is restored', () => {
    const displaced = [{ path: 'artifacts/p/a/1/o', was: 'missing' as const }];
    const { upToDate, willRestore } = forecast(plan, plan.instances, {
      ...facts,
      displaced: ({ id }) => (id === 'a[1]' ? displaced : []),
    });
    expect(upToDate).not.toContain('a[1]');
    expect(willRestore).toEqual([{ instance: 'a[1]', displaced }]);
  });
});
