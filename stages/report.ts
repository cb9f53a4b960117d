import { fileProblemText } from '../src/files/file-problem.ts';
import { writeFileAtomically } from '../src/files/write-atomically.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import type { Best } from '../src/stage/best.ts';
import { bestSchema } from './results/best-param.ts';
import { bestPoints } from './results/best-points.ts';
import { readLogs, readSamples, readScoreRows } from './results/read-results.ts';
import { reportPage } from './report/page.ts';

interface ReportParams {
  readonly title: string;
  /** `${best}`: which points are marked; without it none. */
  readonly best?: Best;
}

/** Scores with intervals, loss curves and samples side by side, on one page. */
export const stage = defineStage<
  ReportParams,
  'evaluations' | 'trainings' | 'validations?' | 'logs' | 'samples',
  'page'
>({
  params: {
    type: 'object',
    properties: { title: { type: 'string' }, best: bestSchema },
    required: ['title'],
    additionalProperties: false,
  },
  deps: ['evaluations', 'trainings', 'validations?', 'logs', 'samples'],
  outs: ['page'],
  async run({ params, gathered, outs }) {
    const rows = await readScoreRows(gathered);
    if (!rows.ok) return rows;
    const points = bestPoints(rows.value, params.best);
    if (!points.ok) return points;
    const logs = await readLogs(gathered.logs);
    if (!logs.ok) return logs;
    const samples = await readSamples(gathered.samples);
    if (!samples.ok) return samples;
    const page = reportPage({
      title: params.title,
      rows: rows.value,
      points: points.value,
      logs: logs.value,
      samples: samples.value,
    });
    const written = await writeFileAtomically(outs.page, page);
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});
