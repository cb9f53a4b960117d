import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandArguments } from '../../src/runner/plan/command/command.ts';
import { shellEnclosure } from '../../src/runner/plan/command/shell.ts';
import { shellQuoted } from '../../src/files/shell-quoted.ts';
import { faultsOf, instanceOf, planOfText } from '../pipeline-file/planned.ts';

/**
 * Values as hostile as values get, NUL and halves of characters aside: those are refused where they are
 * written.
 */
const values = (count: number): readonly string[] => {
  const nasty = fc.constantFrom(
    "'",
    '"',
    '\\',
    '$',
    '`',
    '$(id)',
    '${HOME}',
    '$((1))',
    ';',
    '&',
    '|',
    '>',
    '<',
    '*',
    '?',
    '~',
    '#',
    '!',
    '\n',
    '\r\n',
    '\t',
    ' ',
    '-n',
    '--',
    '=',
    '{a,b}',
    '[a]',
    '\u0001',
    '\u007F',
    'é',
    '日本',
    '😀',
    '\u2028',
    'if',
    'done',
    'EOF',
    '%s',
    '\\0',
    '',
  );
  return fc
    .sample(
      fc
        .array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 12 })
        .map((parts) => parts.join('').replaceAll('\0', '')),
      { numRuns: count, seed: 20260131 },
    )
    .filter((value) => !/\p{Surrogate}/u.test(value));
};

/** What a command gets as its arguments, distinguished by NUL. */
const receive = (line: string): readonly string[] => {
  const { stdout, status, stderr } = spawnSync('/bin/sh', ['-c', line], {
    encoding: 'buffer',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString('utf8').split('\0').slice(0, -1);
};

describe('values in commands', () => {
  test('10,000 values pass through a real /bin/sh to a program byte for byte', () => {
    const all = values(10_500);
    expect(all.length).toBeGreaterThan(10_000);
    for (let start = 0; start < all.length; start += 500) {
      const some = all.slice(start, start + 500);
      expect(receive(`printf '%s\\0' ${some.map(shellQuoted).join(' ')}`)).toEqual(some);
    }
  });

  test('2,000 params of a file reach a command line and a list byte for byte', () => {
    const some = values(2_000);
    const params = some
      .map((value, index) => `      p${index}: ${JSON.stringify(value.replaceAll('${', () => '$${'))}\n`)
      .join('');
    const plan = planOfText(`stages:
  line:
    params:
${params}    cmd: printf '%s\\0' ${some.map((_, index) => `\${params.p${index}}`).join(' ')}
  list:
    params:
${params}    cmd: [printf, '%s\\0', ${some.map((_, index) => `"\${params.p${index}}"`).join(', ')}]
`);
    const command = (id: string): readonly string[] => {
      const { program } = instanceOf(plan, id);
      if (program.kind === 'uses') throw new Error('a command is expected');
      return commandArguments(program, { deps: new Map(), outs: new Map() });
    };
    const [shell, fails, option, line] = command('line');
    expect([shell, fails, option]).toEqual(['/bin/sh', '-e', '-c']);
    expect(receive(line ?? '')).toEqual(some);
    expect(command('list').slice(2)).toEqual(some);
  });

  test('a value is inserted as written: 1.10 is the text 1.10', () => {
    const plan = planOfText(
      'stages: { a: { matrix: { x: [1.10] }, params: { p: 1e-5, t: True, n: ~ }, cmd: [echo, ' +
        '"${x}", "${params.p}", "${params.t}", "${params.n}", 007, ""] } }',
    );
    const { program } = instanceOf(plan, 'a[1.10]');
    expect(
      program.kind === 'argv' && commandArguments(program, { deps: new Map(), outs: new Map() }),
    ).toEqual(['echo', '1.10', '1e-5', 'True', '~', '007', '']);
  });

  test('deps and outs are quoted once their paths are known; gathered deps are several words', () => {
    const plan = planOfText(`stages:
  t: { matrix: { x: [1, 2] }, cmd: [a], outs: { o: o } }
  list: { cmd: [cat, "\${deps.many}", "--one=\${deps.one}", "\${outs.o}"], deps: { many: { from: t, out: o, gather: true }, one: f }, outs: { o: o } }
  line: { cmd: "cat \${deps.many} <\${deps.one} >\${outs.o}", deps: { many: { from: t, out: o, gather: true }, one: f }, outs: { o: o } }
`);
    const paths = {
      deps: new Map<string, string | readonly string[]>([
        ['many', ['a b', "c'd"]],
        ['one', 'e f'],
      ]),
      outs: new Map([['o', '-x']]),
    };
    const words = (id: string): readonly string[] => {
      const { program } = instanceOf(plan, id);
      return program.kind === 'uses' ? [] : commandArguments(program, paths);
    };
    expect(words('list')).toEqual(['cat', 'a b', "c'd", '--one=e f', './-x']);
    expect(words('line')).toEqual(['/bin/sh', '-e', '-c', "cat 'a b' 'c'\\''d' <'e f' >'./-x'"]);
  });
});

const faults = (line: string) => ({
  result: faultsOf(`stages:\n  a:\n    params: { v: x }\n    cmd: ${JSON.stringify(line)}\n`)
    .map((fault) => fault.split(' ')[0])
    .map((code) => `${code} inside ${enclosureOf(line)}`),
});
const enclosureOf = (line: string): string => {
  const parts = line
    .replaceAll('$${', '\u0001')
    .split(/\$\{[^}]*\}/)
    .map((part) => part.replaceAll('\u0001', '${'));
  return (
    parts
      .slice(0, -1)
      .map((part, index) => shellEnclosure(part, index > 0))
      .find((found) => found !== undefined) ?? 'nothing'
  );
};

describe('a reference that could not be quoted is refused', () => {
  test.each<readonly [string, string]>(
    [
      ['echo "${params.v}"', 'double quotes'],
      ["echo '${params.v}'", 'single quotes'],
      ['echo "a $(b ${params.v})"', 'double quotes'],
      ['echo "$(echo "${params.v}")"', 'double quotes'],
      ['echo `cat ${params.v}`', 'backquotes'],
      ['echo a # ${params.v}', 'a comment'],
      ['cat <<EOF\n${params.v}\nEOF', 'a here-document'],
      ['cat <<EOF; echo ${params.v}\nEOF', 'a here-document'],
      ['echo $((${params.v} + 1))', 'an arithmetic expansion'],
      ['echo $${x:-${params.v}}', 'a parameter expansion'],
      ['echo \\${params.v}', 'an escape: "\\" is before it'],
      ["echo $'a' ${params.v}", "a $'…' quotation, which shells read differently"],
      ['echo "a\\"${params.v}"', 'double quotes'],
      ['echo "$${x:-"y"}" ${params.v}', 'double quotes'],
      ['echo \\ #"\n${params.v}', 'double quotes'],
      ['cat <\\\n<EOF\n${params.v}', 'a line that goes on in the middle of a word'],
      ["echo \\\n# it's ' ${params.v}", 'a comment'],
      ["echo '\\' ${params.v} '", undefined],
    ].filter((row): row is [string, string] => row[1] !== undefined),
  )('%s', (line, where) => {
    const { result } = faults(line);
    expect(result).toEqual([`quoted-reference inside ${where}`]);
  });

  test.each([
    'echo ${params.v}',
    'x=${params.v} && echo "$x"',
    'echo "a b" \'c d\' ${params.v}',
    'echo "$${HOME} $(date) $x" ${params.v}',
    'echo a#b ${params.v}',
    "# a note: don't\necho ${params.v}",
    'echo $(cat ${params.v})',
    '( cat ${params.v} )',
    'if true; then cat ${params.v}; fi',
    'echo $((1 << 2)) ${params.v}',
    'echo \\"${params.v}\\"',
    'cat <${params.v} >x',
    'case ${params.v} in a) echo;; esac',
    'echo `date` ${params.v}',
    'echo a\\\n${params.v}',
    'echo ${params.v}${params.v}',
    'echo ${params.v}#not-a-comment ${params.v}',
    'echo "it\'s" ${params.v}',
    'echo "$" ${params.v}',
    'echo $${#} $${x} ${params.v}',
  ])('elsewhere it is accepted: %s', (line) => {
    expect(faults(line).result).toEqual([]);
  });

  test('wherever a reference is accepted, no value becomes code', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '\\',
      '$',
      '`',
      ' #',
      ' ',
      '\n',
      'a',
      '<<a\n',
      '<',
      'a\n',
      '\\\n',
      '\u00A0#',
      '$(',
      ')',
      '((',
      '))',
      '${x}',
      '${x:-',
      '}',
      '$((',
      '1',
      '<<b',
      "$'",
      '=',
      ';',
      '\\"',
      "\\'",
      ' # ',
      '"a"',
      "'b'",
      '$x',
    );
    const value =
      '\nprintf INJECTED\na\nprintf INJECTED\n' +
      "'; printf INJECTED; : '$(printf INJECTED)`printf INJECTED`\";printf INJECTED\n";
    const after = fc.constantFrom('', '"', "'", '`', ')', '}', '))', '}"', ')"', '`"', '))"', '\na\n');
    const lines = fc
      .sample(fc.tuple(fc.array(piece, { maxLength: 12 }), after), 1_000)
      .map(([parts, rest]) => [parts.join(''), rest] as const)
      .filter(([before]) => shellEnclosure(before, false) === undefined)
      .map(([before, rest]) => `: ${before}${shellQuoted(value)}${rest}\n`);
    expect(lines.length).toBeGreaterThan(100);
    const folder = mkdtempSync(join(tmpdir(), 'lines-'));
    for (const [index, line] of lines.entries())
      writeFileSync(
        join(folder, `${index}`),
        `printf() { case "$*" in *INJECTED*) command printf 'INJECTED\\n';; esac; }\n${line}`,
      );
    // -n reads without running: a line that is no program proves nothing. What runs gets no way to do harm
    // but to print.
    const { stdout, status } = spawnSync(
      '/bin/sh',
      [
        '-c',
        'for line in *; do /bin/sh -n "$line" || continue; ' +
          '{ echo "line $line:"; PATH=/nonexistent /bin/sh "$line" </dev/null; }; done 2>/dev/null',
      ],
      { cwd: folder, encoding: 'utf8', timeout: 50_000 },
    );
    rmSync(folder, { recursive: true });
    expect(status).not.toBeNull();
    const ran = stdout.split(/^line /m).slice(1);
    expect(ran.length).toBeGreaterThan(30);
    expect(ran.filter((text) => text.includes('INJECTED')).map((text) => lines[parseInt(text, 10)])).toEqual(
      [],
    );
  });
});
