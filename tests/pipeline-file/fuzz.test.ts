import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { planned } from './planned.ts';

const name = fc.constantFrom(
  'a',
  'b',
  'c',
  'train',
  'eval',
  'x',
  'y',
  'A',
  'name',
  'from',
  '__proto__',
  'constructor',
  'a.b',
  '',
  '日本',
  'vars',
  'o',
  'm',
);
const reference = fc
  .tuple(fc.constantFrom('vars', 'deps', 'outs', 'params', 'x', 'y', 'a', 'constructor'), fc.option(name))
  .map(([root, member]) => `\${${member === null ? root : `${root}.${member}`}}`)
  .chain((plain) => fc.constantFrom(plain, plain.replace('}', '[0]}'), plain.replace('}', '[1].a}')));
const text = fc.oneof(
  name,
  reference,
  fc.tuple(name, reference, name).map((parts) => parts.join('')),
  fc.constantFrom(
    '../x',
    '/etc',
    'data/x',
    'x/y',
    'hf:a/b@c',
    '$${x}',
    '${',
    'echo "${params.a}"',
    'cat ${deps.a} > ${outs.o}',
    '10m',
    '8GiB',
    '**/*.py',
  ),
  fc.string({ maxLength: 8 }),
);
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.integer({ min: -2, max: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
}));
/** Mostly what is meant there, now and then anything. */
const or = (meant: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: meant }, { weight: 1, arbitrary: value });
const named = (member: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  or(fc.dictionary(name, or(member), { maxKeys: 3 }));
const optional = (
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<Record<string, unknown>> => fc.record(fields, { requiredKeys: [] });

const block = or(
  fc.oneof(
    fc.dictionary(fc.constantFrom('x', 'y', 'a', 'c'), or(fc.array(or(scalar), { maxLength: 4 })), {
      maxKeys: 3,
    }),
    fc.record({ from: name }),
  ),
);
const dependency = or(
  fc.oneof(
    text,
    optional({ from: name, out: name, gather: fc.boolean() }),
    optional({
      path: fc.oneof(text, fc.constantFrom('data/*.csv', 'x/**', '${x}/*')),
      external: fc.boolean(),
      optional: fc.boolean(),
      hint: text,
    }),
  ),
);
const out = or(
  fc.oneof(
    text,
    optional({ path: text, kind: fc.constantFrom('metrics', 'file', 'plot'), workspace: fc.boolean() }),
  ),
);
const alternatives = or(fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })));
const when = or(
  fc.dictionary(
    fc.constantFrom('x', 'y', 'a', 'x.a', 'x[0]', 'vars.a', 'params.a', 'params.a.b', 'vars', 'x..y'),
    fc.oneof(alternatives, fc.record({ not: alternatives })),
    { maxKeys: 2 },
  ),
);
const stage = or(
  optional({
    when,
    frozen: or(fc.boolean()),
    matrix: or(fc.oneof(block, fc.array(block, { maxLength: 3 }))),
    cmd: or(fc.oneof(text, fc.array(text, { maxLength: 4 }))),
    uses: fc.constantFrom('stages/a.ts', '../a.ts'),
    code: or(fc.array(text, { maxLength: 2 })),
    deps: named(dependency),
    outs: named(out),
    params: named(value),
    env: or(fc.array(name, { maxLength: 2 })),
    passEnv: or(fc.array(name, { maxLength: 2 })),
    resources: named(scalar),
    timeout: scalar,
    retries: scalar,
    cache: scalar,
    description: scalar,
  }),
);
const vars = fc.oneof(
  { weight: 6, arbitrary: named(value) },
  {
    weight: 1,
    arbitrary: fc.record({ $file: fc.constantFrom('data/x.yaml', 'data/x.json', 'none.yaml', '../x.yaml') }),
  },
);
const file = optional({ name, vars, stages: named(stage), extends: text, other: value });

/** Its text in block or flow style, and then some characters of it replaced, doubled or taken out. */
const written = fc
  .tuple(
    file,
    fc.boolean(),
    fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(
          '',
          ':',
          '*a',
          '&a ',
          '{',
          ']',
          '\n',
          '\t',
          '<<: ',
          '"',
          "'",
          '- ',
          '#',
          '\0',
          '!',
          '|',
          '${',
          '\uFEFF',
          '\r\n',
        ),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([tree, flow, mutations]) => {
    const start = flow ? JSON.stringify(tree) : stringify(tree, { aliasDuplicateObjects: true });
    return mutations.reduce((changed, [where, put]) => {
      const at = Math.floor(where * changed.length);
      return changed.slice(0, at) + put + changed.slice(at + (put === '' ? 1 : 0));
    }, start);
  });

test('any file that resembles a pipeline has a plan, or faults with positions in it', () => {
  fc.assert(
    fc.property(written, (pipeline) => {
      const { result, sources } = planned(pipeline, {
        files: {
          'data/x': 'stages: {}',
          'data/x.yaml': 'a: [1, { b: 2 }]\n',
          'data/x.json': '{"a":{"b":"${vars.a}"}}',
        },
      });
      if (result.ok) {
        const ids = new Set(result.value.instances.map(({ id }) => id));
        expect(ids.size).toBe(result.value.instances.length);
        expect([...result.value.needs.values()].flat().filter((need) => !ids.has(need))).toEqual([]);
        expect(
          result.value.instances.filter(
            ({ folder }) => !folder.startsWith('artifacts/') || folder.includes('..'),
          ),
        ).toEqual([]);
        return;
      }
      expect(result.error).not.toEqual([]);
      for (const { at, message } of result.error) {
        expect(message).not.toBe('');
        expect(at).toBeDefined();
        expect((at?.offset ?? 0) + (at?.length ?? 0)).toBeLessThanOrEqual(
          (sources.get(at?.file ?? '')?.length ?? -1) + 1,
        );
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1_000) },
  );
});
