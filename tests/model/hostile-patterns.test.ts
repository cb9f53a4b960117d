import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/files/json.ts';
import { parseAdapterConfig } from '../../src/ml/checkpoint/adapter-config.ts';
import { adapterTargets } from '../../src/ml/model/adapter-targets.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { tinyConfig } from './tiny-model.ts';

/** Each takes a backtracking engine longer than anybody waits, on the name of one layer. */
const hostile: readonly string[] = [
  '(.|.)+!',
  '.*.*.*.*.*.*.*.*!',
  '(.*)*!',
  '(.+)+!',
  '(a|e|[a-z.])*!',
  '(([a-z.0-9])+)+!',
  '(.?){40}.{40}!',
  '(?:.{0,20}){20}!',
  '(e|en|enc|n|c|nc|.)*!',
  '(.*){12}!',
  '(?:(?:.|.)|.)*!',
  '(x?.)*(y?.)*(z?.)*!',
  '([^!]*[^!]*)*!',
];

const config = { ...tinyConfig, numLayers: 8, numDecoderLayers: 8 };

const targetsOf = (json: JsonObject) =>
  adapterTargets(valueOf(parseAdapterConfig({ target_modules: ['q'], ...json }, 'a')), config);

describe('patterns that would hang a backtracking engine are matched in linear time', () => {
  test.each(hostile)('%s', (pattern) => {
    expect(targetsOf({ target_modules: pattern })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/selects no layer/),
    });
    const queries = valueOf(targetsOf({})).layers;
    expect(valueOf(targetsOf({ exclude_modules: pattern })).layers).toEqual(queries);
    expect(valueOf(targetsOf({ modules_to_save: [pattern] })).layers).toEqual(queries);
    expect(valueOf(targetsOf({ rank_pattern: { [pattern]: 2 } })).layers).toEqual(queries);
    expect(valueOf(targetsOf({ alpha_pattern: { [pattern]: 2 } })).layers).toEqual(queries);
    expect(targetsOf({ layers_to_transform: [1], layers_pattern: [pattern] })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/selects no layer/),
    });
  });

  test('many patterns cost as much as one long pattern: both are refused above a size', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`(.*){9}x${i}`, 1]));
    expect(targetsOf({ rank_pattern: many })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/more than 30000 instructions together/),
    });
    expect(targetsOf({ target_modules: `(?:${'.'.repeat(900)}){1000}` })).toMatchObject({ ok: false });
  });

  test('a list of 200,000 names is as fast as one of ten', () => {
    const names = Array.from({ length: 200_000 }, (_, i) => `name${i}`);
    expect(valueOf(targetsOf({ target_modules: [...names, 'v'] })).layers.length).toBe(24);
  });
});
