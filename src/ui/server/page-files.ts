import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem, fileProblemText } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { pages } from '../../pages/pages.ts';

/** The response for a path. */
export type PageFiles = Readonly<
  Record<string, { readonly type: string; readonly content: Uint8Array } | undefined>
>;

/** The built files of the page by the paths that they have; each page is the same document. */
export async function readPageFiles(folder: string): Promise<Result<PageFiles>> {
  const read: [string, { type: string; content: Uint8Array }][] = [];
  for (const [path, name, type] of built) {
    const file = join(folder, name);
    try {
      read.push([path, { type, content: await readFile(file) }]);
    } catch (error) {
      return {
        ok: false,
        error: `${fileProblemText(fileProblem(file, error))} (create it with \`npm run build\`)`,
      };
    }
  }
  const files = Object.fromEntries(read);
  const document = files['/'];
  return {
    ok: true,
    value: { ...files, ...Object.fromEntries(pages.map(({ path }) => [path, document])) },
  };
}

const built = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;
