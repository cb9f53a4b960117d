import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((page) => page !== '' && existsSync(join(root, page)));

/** Where a page of the repository is on the web: the npm page of the package shows the README alone. */
const onTheWeb = `${manifest.repository.url.replace(/^git\+|\.git$/g, '')}/blob/main/`;

const linksOf = (page: string): readonly string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => link ?? []);

test.each(pages)('every link of %s within this repository leads to an existing file and heading', (page) => {
  for (const link of linksOf(page)) {
    const [target = '', heading] = link.split('#');
    if (/^[a-z]+:/.test(link) && !link.startsWith(onTheWeb)) continue;
    const file = link.startsWith(onTheWeb)
      ? target.slice(onTheWeb.length)
      : target === ''
        ? page
        : join(dirname(page), target);
    expect(existsSync(join(root, file)), `${page}: ${link}`).toBe(true);
    if (heading !== undefined) expect(headingsOf(file), `${page}: ${link}`).toContain(heading);
  }
});

test('the links of the README work outside of the repository too', () => {
  expect(linksOf('README.md').filter((link) => !link.startsWith('https://'))).toEqual([]);
});

/** As GitHub names them: lower case, blanks as hyphens, no punctuation. */
const headingsOf = (file: string): readonly string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
