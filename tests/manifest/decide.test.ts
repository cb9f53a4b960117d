import { describe, expect, test } from 'vitest';
import { decide, type Entry, type Lookup } from '../../src/runner/manifest/decide.ts';
import { keyOf } from '../../src/runner/manifest/key-of.ts';
import { file, usesManifest } from './manifests.ts';

const entry: Entry = { key: keyOf(usesManifest), outs: { model: file('weights') } };
const hit: Lookup = { kind: 'hit', entry };
const absent = (past: 'never' | 'failed' | 'interrupted' | 'evicted'): Lookup => ({ kind: 'absent', past });
const usual = { forced: false, cache: true };
const last = { ...usesManifest, params: { ...usesManifest.params, seed: 1 } };
const changed = { kind: 'changed', field: ['params', 'seed'], before: 1, after: 42 };

describe('deciding whether to run', () => {
  test('a hit is restored, whatever the last result was', () => {
    expect(decide(usesManifest, hit, last, usual)).toEqual({ kind: 'restore', entry });
    expect(decide(usesManifest, hit, undefined, usual)).toEqual({ kind: 'restore', entry });
  });

  test('a damaged hit is a miss, and reported', () => {
    expect(
      decide(usesManifest, { kind: 'damaged', object: file('weights').digest, path: 'model/w' }, last, usual),
    ).toEqual({
      kind: 'run',
      because: [{ kind: 'damaged', object: file('weights').digest, path: 'model/w' }],
    });
  });

  test.each([
    ['never, without a last result', absent('never'), undefined, [{ kind: 'no-result' }]],
    ['never, with another last result', absent('never'), last, [changed]],
    [
      'never, though the last result is the same: it is gone',
      absent('never'),
      usesManifest,
      [{ kind: 'evicted' }],
    ],
    ['failed', absent('failed'), last, [{ kind: 'failed-before' }, changed]],
    ['interrupted', absent('interrupted'), undefined, [{ kind: 'interrupted-before' }]],
    ['evicted', absent('evicted'), usesManifest, [{ kind: 'evicted' }]],
  ] as const)('%s', (_, found, before, because) => {
    expect(decide(usesManifest, found, before, usual)).toEqual({ kind: 'run', because });
  });

  test('forced stages, and those that always run, run in spite of a hit', () => {
    expect(decide(usesManifest, hit, last, { forced: true, cache: false })).toEqual({
      kind: 'run',
      because: [{ kind: 'forced' }],
    });
    expect(decide(usesManifest, hit, last, { forced: false, cache: false })).toEqual({
      kind: 'run',
      because: [{ kind: 'not-cached' }],
    });
  });
});
