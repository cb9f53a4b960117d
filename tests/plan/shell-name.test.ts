import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { select } from '../../src/runner/plan/select.ts';
import { shellName } from '../../src/runner/wording/shell-name.ts';
import { planOfText } from '../pipeline-file/planned.ts';

const shells = [['sh'], ['bash', '-O', 'extglob'], ['zsh', '-o', 'extendedglob'], ['fish']].filter(
  ([name = '']) => spawnSync(name, ['-c', 'true']).status === 0,
);

test("an instance's shell name survives any shell, and selects it again", () => {
  const labels = [
    'lora',
    'a b',
    "it's",
    '$HOME',
    '*',
    '~',
    '=x',
    '@(a|b)',
    '{a,b}',
    '!1',
    '数据',
    '\\',
    '0.1',
    'x'.repeat(200),
  ];
  const plan = planOfText(
    JSON.stringify({
      stages: {
        'my-stage': { cmd: ['true'] },
        train: { matrix: { config: labels.map((name, r) => ({ name, r })), d: ['u', 'v'] }, cmd: ['true'] },
      },
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'typed-'));
  for (const [name = '', ...options] of shells) {
    const { stdout } = spawnSync(
      name,
      [...options, '-c', plan.instances.map(({ id }) => `printf '%s\\n' ${shellName(id)}`).join('\n')],
      { cwd: folder, encoding: 'utf8' },
    );
    const found = stdout
      .trimEnd()
      .split('\n')
      .map((word) => select(plan, { patterns: [word], mode: 'only' }));
    expect(
      found.map((selected) => (selected.ok ? selected.value.chosen.map(({ id }) => id) : selected.error)),
    ).toEqual(plan.instances.map(({ id }) => [id]));
  }
  rmSync(folder, { recursive: true });
  expect(plan.instances.slice(0, 2).map(({ id }) => shellName(id))).toEqual(['my-stage', 'train:lora,u']);
});
