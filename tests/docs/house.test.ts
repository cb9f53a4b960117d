import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawHouse } from '../../scripts/draw-house.mjs';

const root = join(import.meta.dirname, '../..');

test('the diagrams of the architecture match the imports (scripts/draw-house.mjs)', () => {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  for (const drawing of drawHouse(root)) expect(page).toContain(drawing);
});
