import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { escapedPath, isGlob, matchesPart, unescapedPath } from '../../src/runner/pipeline-file/glob.ts';
import { commandArguments } from '../../src/runner/plan/command/command.ts';
import type { Dependency, Instance } from '../../src/runner/plan/instance.ts';
import { planFile } from '../../src/runner/plan/plan-file.ts';
import { planOfText } from '../pipeline-file/planned.ts';

/** A stage that reads and runs what its only axis names, and its only instance. */
function instanceWith(path: string, value: string, where: 'axis' | 'var' = 'axis'): Instance {
  const written = (place: string): string => path.replaceAll('VALUE', `\${${place}}`);
  const stage = (place: string): object => ({
    cmd: ['cat', '${deps.rows}'],
    code: [written(place)],
    deps: { rows: written(place) },
    outs: { o: 'o' },
  });
  const file =
    where === 'var'
      ? { vars: { file: value }, stages: { a: stage('vars.file') } }
      : { stages: { a: { matrix: { file: [value] }, ...stage('file') } } };
  const [instance] = planOfText(JSON.stringify(file)).instances;
  if (instance === undefined) throw new Error('no instance');
  return instance;
}

const nameOf = (dep: Dependency | undefined): string =>
  dep?.kind === 'path' ? dep.path : dep?.kind === 'glob' ? dep.pattern : `a dep of kind ${dep?.kind}`;

describe('a value inserted by a reference contains no wildcards', () => {
  test.each(['axis', 'var'] as const)('of an %s', (where) => {
    expect(instanceWith('data/VALUE', 'a*[?].csv', where).deps['rows']).toMatchObject({
      kind: 'path',
      path: 'data/a*[?].csv',
    });
    expect(instanceWith('VALUE', 'data/*.csv', where).deps['rows']).toMatchObject({
      kind: 'path',
      path: 'data/*.csv',
    });
    expect(instanceWith('VALUE/*.csv', 'a*', where).deps['rows']).toMatchObject({
      kind: 'glob',
      pattern: 'a[*]/*.csv',
    });
    expect(instanceWith('src/VALUE/**', 'a?', where).program).toMatchObject({
      code: [{ value: 'src/a[?]/**' }],
    });
  });

  test('of a list that a stage found', () => {
    const text = JSON.stringify({
      stages: {
        list: { cmd: ['list'], outs: { files: 'files.json' } },
        read: {
          matrix: { file: { $from: 'list', out: 'files' } },
          cmd: ['read'],
          deps: { rows: 'data/${file}' },
        },
      },
    });
    const found = JSON.stringify(['a*', 'ab', '[?]']);
    const { result } = planFile({
      file: 'pipeline.yaml',
      overrides: [],
      readText: () => ({ ok: true, value: text }),
      readList: () => ({ digest: digestOf(found), text: () => found }),
    });
    const instances = result.ok ? result.value.instances : [];
    expect(instances.flatMap(({ deps }) => (deps['rows'] ? [nameOf(deps['rows'])] : []))).toEqual([
      'data/a*',
      'data/ab',
      'data/[?]',
    ]);
  });

  test('also where a var is built from another', () => {
    const [instance] = planOfText(
      JSON.stringify({
        vars: { part: '*', file: 'a${vars.part}.csv' },
        stages: { a: { cmd: ['cat'], deps: { rows: '${vars.file}' }, outs: { o: 'o' } } },
      }),
    ).instances;
    expect(instance?.deps['rows']).toMatchObject({ kind: 'path', path: 'a*.csv' });
  });

  test('but a list or map of vars is inserted as if written there', () => {
    const [instance] = planOfText(
      JSON.stringify({
        vars: { deps: { rows: 'data/*.csv' }, code: ['tools/**'] },
        stages: { a: { cmd: ['cat'], code: '${vars.code}', deps: '${vars.deps}', outs: { o: 'o' } } },
      }),
    ).instances;
    expect(instance?.deps['rows']).toMatchObject({ kind: 'glob', pattern: 'data/*.csv' });
    expect(instance?.program).toMatchObject({ code: [{ value: 'tools/**' }] });
  });

  test('whatever surrounds it', () => {
    const character = fc.constantFrom('a', 'b', '*', '?', '[', ']');
    const written = fc.string({ unit: character, maxLength: 4 });
    const value = fc.string({ unit: character, minLength: 1, maxLength: 4 });
    const name = fc.string({ unit: character, minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(written, value, written, name, (before, inserted, after, other) => {
        const dep = instanceWith(`${before}VALUE${after}`, inserted).deps['rows'];
        expect(dep?.kind).toBe(isGlob(before) || isGlob(after) ? 'glob' : 'path');
        const expression = new RegExp(
          `^${expressionOf(before)}${inserted.replace(/[*?[\]]/g, '\\$&')}${expressionOf(after)}$`,
          'u',
        );
        const matches = (text: string): boolean =>
          dep?.kind === 'glob' ? matchesPart(dep.pattern, text) : nameOf(dep) === text;
        const asWritten = unescapedPath(before) + inserted + unescapedPath(after);
        expect(matches(asWritten)).toBe(true);
        expect(matches(other)).toBe(expression.test(other));
      }),
      { numRuns: 500 },
    );
  });
});

/** What is written, as a regular expression: escapes are characters, wildcards are wildcards. */
const expressionOf = (text: string): string =>
  text.replace(/\[([*?[\]])\]|[^]/g, (whole, escaped: string | undefined) =>
    escaped !== undefined
      ? `\\${escaped}`
      : whole === '*'
        ? '[^]*'
        : whole === '?'
          ? '[^]'
          : whole.replace(/[[\]]/, '\\$&'),
  );

test('an escaped text matches itself and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '*', '?', '[', ']') }), (text) => {
      expect(isGlob(escapedPath(text))).toBe(false);
      expect(unescapedPath(escapedPath(text))).toBe(text);
    }),
  );
});

test('a path that starts with "-" is not an option of a command', () => {
  const { program, deps } = instanceWith('VALUE', '-n');
  if (program.kind === 'uses') throw new Error('expected a command');
  const paths = { deps: new Map([['rows', nameOf(deps['rows'])]]), outs: new Map<string, string>() };
  expect(commandArguments(program, paths)).toEqual(['cat', './-n']);
});
