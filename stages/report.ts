import { fileProblemText } from '../src/files/file-problem.ts';
import { writeFileAtomically } from '../src/files/write-atomically.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import type { Best } from '../src/stage/best.ts';
import { reportDocument } from '../src/pages/report/report-document.ts';
import { readReport } from './report/read-report.ts';
import { bestSchema } from './results/best-param.ts';

interface ReportParams {
  readonly title: string;
  /** `${best}`: which points are marked; without it none. */
  readonly best?: Best;
}

/** The page with scores, curves, answers, samples and data of the experiment inside. */
export const stage = defineStage<
  ReportParams,
  | 'evaluations'
  | 'trainings'
  | 'validations?'
  | 'logs'
  | 'samples'
  | 'predictions?'
  | 'preparations?'
  | 'trainRows?'
  | 'testRows?',
  'page'
>({
  params: {
    type: 'object',
    properties: { title: { type: 'string' }, best: bestSchema },
    required: ['title'],
    additionalProperties: false,
  },
  deps: [
    'evaluations',
    'trainings',
    'validations?',
    'logs',
    'samples',
    'predictions?',
    'preparations?',
    'trainRows?',
    'testRows?',
  ],
  outs: ['page'],
  async run({ params, gathered, outs, emit }) {
    const report = await readReport(params, gathered);
    if (!report.ok) return report;
    const { data, worst } = report.value;
    if (worst !== undefined)
      emit({
        kind: 'warning',
        text:
          `all answers would take more than 20 MB: the page holds the texts of the worst ${worst} of ` +
          'each model, and the scores of all',
      });
    const written = await writeFileAtomically(outs.page, reportDocument(data, params.title));
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});
