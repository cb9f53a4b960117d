import { fileProblemText } from '../src/files/file-problem.ts';
import { writeJson } from '../src/files/json.ts';
import { writeFileAtomically } from '../src/files/write-atomically.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { collatedMetrics, csvOf } from './collate/collated-metrics.ts';
import { scoreTable } from './collate/score-table.ts';
import { bestPoints } from './results/best-points.ts';
import { readScoreRows } from './results/read-results.ts';

interface CollateParams {
  /** Labels that start with it are the points of the grid, of which the best is marked. */
  readonly gridPrefix: string;
}

/** All evaluations in the original experiment's files, and as a table for people. */
export const stage = defineStage<
  CollateParams,
  'evaluations' | 'trainings' | 'validations?',
  'json' | 'csv' | 'table'
>({
  params: {
    type: 'object',
    properties: { gridPrefix: { type: 'string' } },
    required: ['gridPrefix'],
    additionalProperties: false,
  },
  deps: ['evaluations', 'trainings', 'validations?'],
  outs: ['json', 'csv', 'table'],
  async run({ params, gathered, outs, emit }) {
    const rows = await readScoreRows(gathered);
    if (!rows.ok) return rows;
    const points = bestPoints(rows.value, params.gridPrefix);
    for (const text of points.warnings) emit({ kind: 'warning', text });
    const lines = collatedMetrics(rows.value, points);
    for (const written of [
      await writeJson(outs.json, lines),
      await writeFileAtomically(outs.csv, csvOf(lines)),
      await writeFileAtomically(outs.table, scoreTable(rows.value, points)),
    ]) {
      if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
    }
  },
});
