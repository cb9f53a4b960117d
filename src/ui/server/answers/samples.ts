import { join } from 'node:path';
import { fileProblemText } from '../../../files/file-problem.ts';
import { readJson } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import type { Project } from '../../../runner/project.ts';
import type { SampledModel, SamplesAnswer } from '../../../pages/result-answers.ts';
import { samplesIn } from '../../../pages/results/samples.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';

/** The sampled answers of models: the outs `samples`. */
export async function samplesAnswer(project: Project): Promise<Result<SamplesAnswer, Refusal>> {
  const results = await project.results(everything);
  if (!results.ok) return results;
  const models: SampledModel[] = [];
  const faults: string[] = [];
  for (const { instance, files } of results.value) {
    const file = files['samples'];
    if (file === undefined) continue;
    const read = await readJson(join(project.root, file));
    if (!read.ok) faults.push(fileProblemText(read.error));
    else {
      const samples = samplesIn(read.value);
      if (samples === undefined) faults.push(`${instance}: expected questions and answers by temperature`);
      else models.push({ instance, ...samples });
    }
  }
  return { ok: true, value: { models, faults } };
}
