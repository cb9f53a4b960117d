import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');

/** The packages that a section's table names, and what its last column says of them. */
function rowsOf(heading: string): readonly { readonly packages: readonly string[]; readonly last: string }[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\| (`.*?`) \|.*\| (.*) \|$/gm)].map(([, names = '', last = '']) => ({
    packages: quoted(names),
    last,
  }));
}

const quoted = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].flatMap(([, name]) => name ?? []);

/** Source file → the packages that it imports. */
const imports = ['src', 'stages'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .map((file) => ({
      file,
      packages: [
        ...readFileSync(join(root, file), 'utf8').matchAll(/(?:from |import\()'((?:@[\w-]+\/)?[a-z][\w-]*)/g),
      ].map(([, name]) => name),
    })),
);

test('docs/dependencies.md names all dependencies and no other', () => {
  expect(
    rowsOf('At run time')
      .flatMap(({ packages }) => packages)
      .sort(),
  ).toEqual(Object.keys(manifest.dependencies).sort());
  const development = page.split(/^## /m).find((text) => text.startsWith('For development')) ?? '';
  expect(
    [...development.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, names = '']) => quoted(names)).sort(),
  ).toEqual(Object.keys(manifest.devDependencies).sort());
});

test.each(rowsOf('At run time'))(
  '$packages are imported only where the page states',
  ({ packages, last }) => {
    const places = quoted(last);
    const files = imports
      .filter((one) => one.packages.some((name) => packages.includes(name ?? '')))
      .map(({ file }) => file);
    const isIn = (file: string, place: string): boolean => `${file}/`.startsWith(`${place}/`);
    expect(files.filter((file) => !places.some((place) => isIn(file, place)))).toEqual([]);
    for (const place of places)
      expect(
        files.some((file) => isIn(file, place)),
        place,
      ).toBe(true);
  },
);
