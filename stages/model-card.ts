import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem, fileProblemText } from '../src/files/file-problem.ts';
import { writeFileAtomically } from '../src/files/write-atomically.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { cardWithScores, type PublishedScores } from './model-card/card-with-scores.ts';
import { readEvaluation } from './results/read-results.ts';

/**
 * The model card of a model folder with the scores of an evaluation: what is published beside the weights.
 */
export const stage = defineStage<Pick<PublishedScores, 'name' | 'dataset'>, 'model' | 'evaluation', 'card'>({
  params: {
    type: 'object',
    properties: { name: { type: 'string', minLength: 1 }, dataset: { type: 'string', minLength: 1 } },
    required: ['name', 'dataset'],
    additionalProperties: false,
  },
  deps: ['model', 'evaluation'],
  outs: ['card'],
  async run({ params, deps, outs }) {
    const path = join(deps.model, 'README.md');
    const card = await readFile(path, 'utf8').catch((error: unknown) => fileProblem(path, error));
    if (typeof card !== 'string') return { ok: false, error: fileProblemText(card) };
    const evaluation = await readEvaluation(deps.evaluation);
    if (!evaluation.ok) return evaluation;
    const whole = cardWithScores(card, { ...params, evaluation: evaluation.value });
    if (!whole.ok) return { ok: false, error: `${path} ${whole.error}` };
    const written = await writeFileAtomically(outs.card, whole.value);
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});
