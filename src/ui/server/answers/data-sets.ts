import { join } from 'node:path';
import { fileProblemText } from '../../../files/file-problem.ts';
import { readJson } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import type { Project, ResultFiles } from '../../../runner/project.ts';
import type { DataAnswer, DataSet, LengthHistogram } from '../../../pages/result-answers.ts';
import { lengthsIn, preparationIn } from '../../../pages/results/preparation.ts';
import { grouped, type InstanceTruncation, truncationsIn } from '../../../pages/results/truncation.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';

/**
 * The prepared data sets: the instances with an out `preparation`, the splits beside it, and how much their
 * dependents truncated: from the `summary` of a training, or else from their last reports.
 */
export async function dataAnswer(project: Project): Promise<Result<DataAnswer, Refusal>> {
  const results = await project.results(everything);
  if (!results.ok) return results;
  const graph = await project.graph(everything);
  if (!graph.ok) return graph;
  const readers = new Map<string, string[]>();
  for (const { from, to } of graph.value.edges) readers.set(from, [...(readers.get(from) ?? []), to]);
  const truncations = await truncationsOf(project, results.value);
  if (!truncations.ok) return truncations;
  const sets: DataSet[] = [];
  const faults: string[] = [];
  for (const { instance, files } of results.value) {
    const file = files['preparation'];
    if (file === undefined) continue;
    const read = await readJson(join(project.root, file));
    if (!read.ok) {
      faults.push(fileProblemText(read.error));
      continue;
    }
    const lengths: LengthHistogram[] = [];
    for (const split of ['train', 'test'])
      if (files[split] !== undefined)
        lengths.push(...(await lengthsIn(split, join(project.root, files[split]))));
    const below = dependents(instance, readers);
    sets.push({
      instance,
      ...preparationIn(read.value),
      lengths,
      truncations: grouped(truncations.value.filter((one) => below.has(one.instance))),
    });
  }
  return { ok: true, value: { sets, faults } };
}

async function truncationsOf(
  project: Project,
  results: readonly ResultFiles[],
): Promise<Result<readonly InstanceTruncation[], Refusal>> {
  const said = await project.truncations();
  if (!said.ok) return said;
  const written: InstanceTruncation[] = [];
  for (const { instance, files } of results) {
    if (files['summary'] === undefined) continue;
    const summary = await readJson(join(project.root, files['summary']));
    if (summary.ok) written.push(...truncationsIn(instance, summary.value));
  }
  const known = new Set(written.map(({ instance }) => instance));
  const others = said.value.filter(({ instance }) => !known.has(instance));
  return {
    ok: true,
    value: [...written, ...others.map(({ of, count, ...one }) => ({ ...one, rows: of, cut: count }))],
  };
}

/** Every instance that depends on this one, at any distance. */
function dependents(instance: string, readers: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set([instance]);
  for (const one of found) for (const reader of readers.get(one) ?? []) found.add(reader);
  return found;
}
