import { fileProblemText } from '../src/files/file-problem.ts';
import { writeJson } from '../src/files/json.ts';
import { writeFileAtomically } from '../src/files/write-atomically.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { collatedMetrics, csvOf } from './collate/collated-metrics.ts';
import { scoreTable } from './collate/score-table.ts';
import type { Best } from '../src/stage/best.ts';
import { bestSchema } from './results/best-param.ts';
import { bestPoints } from './results/best-points.ts';
import { readScores } from './results/read-results.ts';

interface CollateParams {
  /** `${best}`: which points are marked; without it none. */
  readonly best?: Best;
}

/** All evaluations in the original experiment's files, and as a table for people. */
export const stage = defineStage<
  CollateParams,
  'evaluations' | 'trainings' | 'validations?',
  'json' | 'csv' | 'table'
>({
  params: {
    type: 'object',
    properties: { best: bestSchema },
    additionalProperties: false,
  },
  deps: ['evaluations', 'trainings', 'validations?'],
  outs: ['json', 'csv', 'table'],
  async run({ params, gathered, outs, emit }) {
    const read = await readScores(gathered);
    if (!read.ok) return read;
    const { rows } = read.value;
    const points = bestPoints(rows, params.best);
    if (!points.ok) return points;
    for (const { text } of points.value.warnings) emit({ kind: 'warning', text });
    const lines = collatedMetrics(rows, points.value);
    for (const written of [
      await writeJson(outs.json, lines),
      await writeFileAtomically(outs.csv, csvOf(lines)),
      await writeFileAtomically(outs.table, scoreTable(rows, points.value)),
    ]) {
      if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
    }
  },
});
