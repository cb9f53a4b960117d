import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonical, compareValues } from '../../src/runner/manifest/canonical.ts';
import { differences } from '../../src/runner/manifest/differences.ts';
import { keyOf, manifestValue } from '../../src/runner/manifest/key-of.ts';
import type { Manifest } from '../../src/runner/manifest/manifest.ts';
import type { Value } from '../../src/stage/context.ts';
import { commandManifest, file, usesManifest } from './manifests.ts';

interface Golden {
  readonly values: readonly { readonly value: Value; readonly canonical: string }[];
  readonly keys: { readonly uses: string; readonly command: string };
}

const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/manifest.json'), 'utf8'));

/** Values as they come from YAML: finite numbers, whole characters. */
const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Value>(
      null,
      true,
      false,
      0,
      1,
      -1,
      1.5,
      '',
      'null',
      'true',
      '0',
      '1',
      'a',
      's1:a',
      'l0:',
      'm1:',
      [],
      {},
    ),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'ab', '', 's1:a', 'constructor'), tie('value'), { maxKeys: 3 }),
  ),
})).value;

const sorted = (value: Value): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ),
  );
const same = (a: Value, b: Value): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

describe('the canonical form', () => {
  test.each(golden.values.map(({ value, canonical: text }) => [text, value] as const))(
    '%s',
    (text, value) => {
      expect(canonical(value)).toBe(text);
    },
  );

  test('two values have the same form if and only if they are equal', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(canonical(a) === canonical(b)).toBe(same(a, b));
      }),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(values, (value) => {
        const copy: Value = JSON.parse(JSON.stringify(value));
        expect(canonical(copy)).toBe(canonical(value));
      }),
    );
  });

  test('1.10 equals 1.1, -0 equals 0, 1 differs from "1", and the order of names does not matter', () => {
    expect(canonical(Number('1.10'))).toBe(canonical(1.1));
    expect(canonical(-0)).toBe(canonical(0));
    expect(canonical(1)).not.toBe(canonical('1'));
    expect(canonical({ a: 1, b: 2 })).toBe(canonical({ b: 2, a: 1 }));
    expect(canonical('é')).not.toBe(canonical('e\u0301'));
  });

  test('values that UTF-8 or JSON cannot represent have no form', () => {
    expect(() => canonical('\uD800')).toThrow();
    expect(() => canonical(Number.NaN)).toThrow();
    expect(() => canonical([Infinity])).toThrow();
  });

  test('the order of values is total and consistent with their form', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        expect(Math.sign(compareValues(a, b)) + Math.sign(compareValues(b, a))).toBe(0);
        expect(compareValues(a, b) === 0).toBe(canonical(a) === canonical(b));
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0)
          expect(compareValues(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 3_000 },
    );
  });
});

const reversed = <T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).toReversed());

describe('the key', () => {
  test("is pinned: a change of the manifest's form requires a new format", () => {
    expect({ uses: keyOf(usesManifest), command: keyOf(commandManifest) }).toEqual(golden.keys);
  });

  const other = file('other');
  const changes: readonly (readonly [string, Manifest])[] = [
    ['format', { ...usesManifest, format: '2' }],
    ['program', { ...usesManifest, program: { ...commandManifest.program } }],
    [
      'program.bundle',
      {
        ...usesManifest,
        program: { kind: 'uses', bundle: other.digest, packages: { 'onnxruntime-node': '1.29.0 aaaa' } },
      },
    ],
    [
      'program.packages.onnxruntime-node',
      {
        ...usesManifest,
        program: {
          kind: 'uses',
          bundle: file('bundle').digest,
          packages: { 'onnxruntime-node': '1.30.0 aaaa' },
        },
      },
    ],
    ['params.seed', { ...usesManifest, params: { ...usesManifest.params, seed: '42' } }],
    [
      'params.config.learningRate',
      {
        ...usesManifest,
        params: {
          ...usesManifest.params,
          config: { learningRate: 0.002, method: 'lora', targets: ['q', 'v'] },
        },
      },
    ],
    [
      'params.config.targets',
      {
        ...usesManifest,
        params: { ...usesManifest.params, config: { learningRate: 0.001, method: 'lora', targets: ['q'] } },
      },
    ],
    ['params.extra', { ...usesManifest, params: { ...usesManifest.params, extra: null } }],
    [
      'deps.train.digest',
      {
        ...usesManifest,
        deps: { ...usesManifest.deps, train: { kind: 'content', name: null, content: other } },
      },
    ],
    [
      'deps.train.form',
      {
        ...usesManifest,
        deps: {
          ...usesManifest.deps,
          train: { kind: 'content', name: null, content: { form: 'folder', digest: file('rows').digest } },
        },
      },
    ],
    [
      'deps.base.name',
      {
        ...usesManifest,
        deps: {
          ...usesManifest.deps,
          base: {
            kind: 'content',
            name: 'other',
            content: { form: 'folder', digest: file('folder').digest },
          },
        },
      },
    ],
    [
      'deps.runs.members',
      { ...usesManifest, deps: { ...usesManifest.deps, runs: { kind: 'gather', members: [] } } },
    ],
    [
      'deps.more',
      {
        ...usesManifest,
        deps: { ...usesManifest.deps, more: { kind: 'content', name: 'x', content: other } },
      },
    ],
    ['outs.model', { ...usesManifest, outs: { log: 'log.jsonl', model: 'weights' } }],
    ['env.TOKEN', { ...usesManifest, env: { ...usesManifest.env, TOKEN: file('').digest } }],
    ['platform.node', { ...usesManifest, platform: { ...usesManifest.platform, node: '22' } }],
  ];

  test.each(changes)('%s counts, and is reported as the only difference', (field, after) => {
    expect(keyOf(after)).not.toBe(keyOf(usesManifest));
    expect(differences(usesManifest, after).map((difference) => difference.field.join('.'))).toEqual([field]);
  });

  test('the order of fields does not matter', () => {
    expect(
      keyOf({
        ...usesManifest,
        params: reversed(usesManifest.params),
        deps: reversed(usesManifest.deps),
        outs: reversed(usesManifest.outs),
      }),
    ).toBe(keyOf(usesManifest));
  });

  test('there are differences if and only if the keys differ', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b'), values),
        fc.dictionary(fc.constantFrom('a', 'b'), values),
        (before, after) => {
          const [one, two] = [
            { ...usesManifest, params: before },
            { ...usesManifest, params: after },
          ];
          expect(differences(one, two).length === 0).toBe(keyOf(one) === keyOf(two));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('every field of a manifest is in its value', () => {
    expect(Object.keys(Object(manifestValue(usesManifest)))).toEqual(Object.keys(usesManifest));
  });
});
