import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const files = readdirSync(join(root, 'bench'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => join('bench', name));

// No test runs a benchmark, so a name that moved would be missed until someone measures.
describe('benchmarks import what the built package exports', () => {
  test.each(files)('%s', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, names = '', path = ''] of text.matchAll(
      /import \{([^}]*)\} from '((?:\.\.\/)+dist\/package\/[^']+)\.js'/g,
    )) {
      const source = join(root, dirname(file), path).replace('/dist/package/', '/');
      const exported = readFileSync(`${source}.ts`, 'utf8');
      for (const name of names.split(',').map((each) => each.trim().split(' ')[0] ?? ''))
        if (name !== '')
          expect(exported, `${name} of ${path}`).toMatch(
            new RegExp(`^export (?:async )?(?:function\\*?|const|class) ${name}\\b`, 'm'),
          );
    }
  });
});
