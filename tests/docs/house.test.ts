import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawHouse } from '../../scripts/draw-house.mjs';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const prose = page.replaceAll(/^```.*?^```/gms, '');
const code = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);

test('the diagrams of the architecture match the imports (scripts/draw-house.mjs)', () => {
  for (const drawing of drawHouse(root)) expect(page).toContain(drawing);
});

test('every source file and every identifier that the architecture names exists', () => {
  const files = ['src', 'stages', 'scripts', 'tests'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
      (file) => `/${folder}/${file}`,
    ),
  );
  const sources = files
    .filter((file) => /^\/(src|stages)\/.*\.ts$/.test(file))
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
  const named = code.filter((text) => /^[\w./-]+\.(ts|mjs)$/.test(text));
  const identifiers = code.filter((text) => /^[a-z]+[A-Z]\w*$/.test(text));
  expect(named.length).toBeGreaterThan(30);
  expect(identifiers.length).toBeGreaterThan(50);
  expect(named.filter((file) => !files.some((path) => path.endsWith(`/${file}`)))).toEqual([]);
  expect(identifiers.filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))).toEqual([]);
});
