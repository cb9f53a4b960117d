import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const folders = ['src', 'stages', 'tests', 'bench', 'scripts', 'templates', 'docs'];
const texts = new Map(
  folders.flatMap(sourceFiles).map((file) => [file, readFileSync(join(root, file), 'utf8')] as const),
);

/** The modules that package.json offers to those who install the package, as patterns of source files. */
const offered = Object.values(manifest.exports)
  .filter((target) => target.startsWith('./dist/package/'))
  .map((target) => target.replace('./dist/package/', '').replace(/\.js$/, '.ts'))
  .map((target) => new RegExp(`^${target.replaceAll('.', '\\.').replace('*', '.*')}$`));

/** They are built into files of their own, which src/cli/start-command.ts loads. */
const loadedWhenBuilt: readonly string[] = ['src/cli/command-line.ts', 'src/cli/idle-program.ts'];

test('what a file exports is used by another, or offered by the package', () => {
  const importers = importersOfFiles();
  const unused = [...texts]
    .filter(([file]) => file.startsWith('src/') && !loadedWhenBuilt.includes(file))
    .filter(([file]) => !offered.some((pattern) => pattern.test(file)))
    .flatMap(([file, text]) => {
      const users = importers.get(file) ?? [];
      return exportsOf(text)
        .filter((name) => !users.some((user) => mentions(user, name)))
        .map((name) => `${file} exports ${name}, which no other file uses`);
    });
  expect(unused).toEqual([]);
});

/** For each file, the texts of those that import it: by a declaration, an expression or a type. */
function importersOfFiles(): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  for (const [file, text] of texts)
    for (const [, specifier = ''] of text.matchAll(/(?:\bfrom|\bimport) ?\(?\s*'(\.[^']+)'/g)) {
      const path = normalize(join(dirname(file), specifier));
      // The one module of JavaScript is written by the build; its declaration names what it exports.
      const target = path.replace(/\.js$/, '.d.ts');
      importers.set(target, [...(importers.get(target) ?? []), text]);
    }
  return importers;
}

/** The names that a file declares and exports. */
function exportsOf(text: string): readonly string[] {
  const declaration = /^export (?:async )?(?:const|function\*?|class|interface|type) (\w+)/gm;
  return [...text.matchAll(declaration)].map(([, name = '']) => name);
}

function mentions(text: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(text);
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}
