import { fileProblemText } from '../src/files/file-problem.ts';
import { writeFileAtomically } from '../src/files/write-atomically.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { scoreRows } from './results/score-row.ts';
import {
  readEvaluations,
  readLogs,
  readSamples,
  readSummaries,
  readValidations,
} from './results/read-results.ts';
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
    const evaluations = await readEvaluations(gathered.evaluations);
    if (!evaluations.ok) return evaluations;
    const trainings = await readSummaries(gathered.trainings);
    if (!trainings.ok) return trainings;
    const validations = await readValidations(gathered.validations ?? []);
    if (!validations.ok) return validations;
    const logs = await readLogs(gathered.logs);
    if (!logs.ok) return logs;
    const samples = await readSamples(gathered.samples);
    if (!samples.ok) return samples;
    const page = reportPage({
      ...params,
      rows: scoreRows(evaluations.value, trainings.value, validations.value),
      logs: logs.value,
      samples: samples.value,
    });
    const written = await writeFileAtomically(outs.page, page);
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});
