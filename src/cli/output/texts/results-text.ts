import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FinalOut } from '../../../runner/project.ts';
import { inReadingOrder } from '../../../runner/wording/printable.ts';

/** The purpose of a run: its tables, and the paths of its final outs. */
export async function resultsText(root: string, results: readonly FinalOut[]): Promise<string> {
  const present = results.filter(({ path }) => existsSync(join(root, path)));
  if (present.length === 0) return '';
  const tables = await Promise.all(
    present
      .filter(({ kind, path }) => kind === 'table' && path.endsWith('.md'))
      .map(({ path }) => tableOf(join(root, path))),
  );
  const width = Math.max(...present.map(({ out }) => out.length));
  const paths = present.map(({ out, path }) => `  ${out.padEnd(width)}  ${path}\n`);
  return inReadingOrder([...tables.map((table) => `${table}\n`), ...paths].join(''));
}

async function tableOf(file: string): Promise<string> {
  // It may have been removed since.
  const text = await readFile(file, 'utf8').catch(() => '');
  // Markdown escapes a star at the start of a line.
  return text.split('\n').slice(0, 80).join('\n').replaceAll('\\*', '*');
}
