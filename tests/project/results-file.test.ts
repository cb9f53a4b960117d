import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { parseKey } from '../../src/runner/manifest/key-of.ts';
import {
  digestAnywhere,
  parseResultsFile,
  resultsFileOf,
  resultsFileText,
} from '../../src/runner/project/results/results-file.ts';

const key = parseKey(digestOf('a key'));
if (key === undefined) throw new Error('no key');

const value = fc.oneof(
  fc.double().map((number) => (Object.is(number, -0) ? 0 : number)),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
);
const bound = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
const metric = fc.oneof(fc.record({ value }), fc.record({ value, low: bound, high: bound, n: fc.nat() }));
const name = fc.string().filter((text) => text !== '__proto__');

test('the results file is read back as written, one sorted line per instance', () => {
  const results = fc.uniqueArray(
    fc.record({
      instance: name,
      key: fc.constant(key),
      manifest: fc.constant('m'),
      metrics: fc.dictionary(name, metric, { noNullPrototype: true }),
    }),
    { selector: ({ instance }) => instance },
  );
  fc.assert(
    fc.property(results, (written) => {
      const text = resultsFileText({ pipeline: 'p', results: written });
      const read = parseResultsFile(text, 'results.json');
      if (!read.ok) throw new Error(read.error);
      const byName = new Map(read.value.results.map((line) => [line.instance, line]));
      expect(byName).toEqual(new Map(written.map((line) => [line.instance, line])));
      const lines = text
        .trimEnd()
        .split('\n')
        .slice(1, -1)
        .filter((line) => line !== '');
      const names = lines.map((line) => Object.keys(JSON.parse(`{${line.replace(/,$/, '')}}`))[0]);
      expect(names).toEqual(written.map(({ instance }) => instance).sort());
    }),
  );
});

test('the digest of a manifest is the same on all platforms, and differs with anything else', () => {
  const manifest = { params: { rate: 1 }, platform: { os: 'linux' } };
  expect(digestAnywhere({ ...manifest, platform: { os: 'darwin' } })).toBe(digestAnywhere(manifest));
  expect(digestAnywhere({ ...manifest, params: { rate: 2 } })).not.toBe(digestAnywhere(manifest));
});

test.each([
  ['pipeline.yaml', 'results.json'],
  ['nano.yml', 'nano.results.json'],
  ['sub/pipeline.yaml', 'sub/results.json'],
])('the results of %s are in %s', (file, results) => expect(resultsFileOf(file)).toBe(results));

test.each([
  ['{', 'is not JSON'],
  ['{"mine": 1}', 'is not a results file'],
  ['{"version": 2, "pipeline": "p", "instances": {}}', 'has version 2'],
  ['{"version": 1, "pipeline": "p", "instances": {"a": {}}}', 'has no "key"'],
])('a file with %s is refused', (text, why) => {
  const read = parseResultsFile(text, 'results.json');
  expect(read).toEqual({ ok: false, error: expect.stringContaining(why) });
});
