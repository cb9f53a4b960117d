import { join } from 'node:path';
import { fileProblemText } from '../../../files/file-problem.ts';
import { readJson } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import type { Project } from '../../../runner/project.ts';
import type { DataAnswer, DataSet, LengthHistogram } from '../../../pages/result-answers.ts';
import { lengthsIn, preparationIn } from '../../../pages/results/preparation.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';

/** The prepared data sets: the instances with an out `preparation`, and the splits beside it. */
export async function dataAnswer(project: Project): Promise<Result<DataAnswer, Refusal>> {
  const results = await project.results(everything);
  if (!results.ok) return results;
  const truncations = await project.truncations();
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
    sets.push({ instance, ...preparationIn(read.value), lengths });
  }
  return { ok: true, value: { sets, truncations: truncations.value, faults } };
}
