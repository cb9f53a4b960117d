import { fileProblemText } from '../src/files/file-problem.ts';
import { writeFileAtomically } from '../src/files/write-atomically.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { readLogs, readSamples, readScoreRows } from './results/read-results.ts';
import { reportPage } from './report/page.ts';

interface ReportParams {
  readonly title: string;
  readonly gridPrefix: string;
}

/** Scores with intervals, loss curves and samples side by side, on one page. */
export const stage = defineStage<
  ReportParams,
  'evaluations' | 'trainings' | 'validations?' | 'logs' | 'samples',
  'page'
>({
  params: {
    type: 'object',
    properties: { title: { type: 'string' }, gridPrefix: { type: 'string' } },
    required: ['title', 'gridPrefix'],
    additionalProperties: false,
  },
  deps: ['evaluations', 'trainings', 'validations?', 'logs', 'samples'],
  outs: ['page'],
  async run({ params, gathered, outs }) {
    const rows = await readScoreRows(gathered);
    if (!rows.ok) return rows;
    const logs = await readLogs(gathered.logs);
    if (!logs.ok) return logs;
    const samples = await readSamples(gathered.samples);
    if (!samples.ok) return samples;
    const page = reportPage({
      ...params,
      rows: rows.value,
      logs: logs.value,
      samples: samples.value,
    });
    const written = await writeFileAtomically(outs.page, page);
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});
