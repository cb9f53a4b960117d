import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact, Project, Selection } from '../runner/project.ts';

/** What a run was for: the tables that it made, and where the files of the last stages are. */
export async function resultsText(project: Project, selection: Selection): Promise<string> {
  const [artifacts, graph] = [await project.artifacts(selection), await project.graph(selection)];
  if (!artifacts.ok || !graph.ok) return '';
  const needed = new Set(graph.value.edges.map(({ from }) => from));
  const last = artifacts.value.filter(
    ({ instance, kind, there }) => there && (!needed.has(instance) || kind === 'table'),
  );
  if (last.length > mostFiles) return '';
  const tables = await Promise.all(
    last
      .filter(({ kind, path }) => kind === 'table' && path.endsWith('.md'))
      .map((artifact) => tableOf(project.root, artifact)),
  );
  const width = Math.max(0, ...last.map(({ out }) => out.length));
  return `${tables.map((table) => `\n${table}`).join('')}\n${last.map(({ out, path }) => `  ${out.padEnd(width)}  ${path}\n`).join('')}`;
}

/** A run of a single stage with many instances is told by its instances, not by a list of files. */
const mostFiles = 12;

async function tableOf(root: string, { path }: Artifact): Promise<string> {
  // One that was removed since it was looked for is no reason to fail.
  const text = await readFile(join(root, path), 'utf8').catch(() => '');
  // In Markdown a star at the start of a line is escaped; here it is seen as it stands.
  return text.split('\n').slice(0, 80).join('\n').replaceAll('\\*', '*');
}
