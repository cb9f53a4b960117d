import { readJson } from '../../src/files/json.ts';
import { jsonText } from '../../src/files/json-text.ts';
import type { Result } from '../../src/result.ts';
import type { Best } from '../../src/stage/best.ts';
import type { Gathered } from '../../src/stage/context.ts';
import type { PagePath } from '../../src/pages/pages.ts';
import { answerKey, type ReportData } from '../../src/pages/report/report-data.ts';
import { reportRows } from '../../src/pages/report/report-rows.ts';
import { thinnedCurve } from '../../src/pages/report/thinned-curve.ts';
import type { CurveSummary, SamplesAnswer } from '../../src/pages/result-answers.ts';
import { readSeries } from '../../src/pages/results/series.ts';
import { bestPoints } from '../results/best-points.ts';
import { readSamples, readScores } from '../results/read-results.ts';
import type { Axed } from '../results/score-row.ts';
import { readAnswers } from './answers.ts';
import { readDataSets } from './data-sets.ts';
import { type Document, experimentsOf } from './experiments.ts';
import { byInstance, nameOf } from './model-name.ts';

/** The inputs of the page; an input that is not gathered has no page. */
export interface GatheredReport {
  readonly evaluations: readonly Gathered[];
  readonly trainings: readonly Gathered[];
  readonly validations?: readonly Gathered[];
  readonly logs: readonly Gathered[];
  readonly samples: readonly Gathered[];
  readonly predictions?: readonly Gathered[];
  readonly preparations?: readonly Gathered[];
  readonly trainRows?: readonly Gathered[];
  readonly testRows?: readonly Gathered[];
}

export interface Report {
  readonly data: ReportData;
  /** The texts of so many answers of each model are held; undefined: of all. */
  readonly worst: number | undefined;
}

const notice =
  'A research tool. The texts are written by small language models: they are not medical advice.';

/** A report of more bytes leaves out texts of answers. */
const mostBytes = 20_000_000;

/** All that the page of an experiment can show. */
export async function readReport(
  { title, best }: { readonly title: string; readonly best?: Best },
  gathered: GatheredReport,
): Promise<Result<Report>> {
  const scores = await readScores(gathered);
  if (!scores.ok) return scores;
  const { evaluations, trainings, rows } = scores.value;
  const points = bestPoints(rows, best);
  if (!points.ok) return points;
  const samples = await readSamples(gathered.samples);
  if (!samples.ok) return samples;
  const { trainRows: train = [], testRows: test = [], preparations = [], predictions = [] } = gathered;
  const documents = await withDocuments(trainings, gathered.trainings);
  const dataSets = await readDataSets(preparations, { train, test }, documents);
  if (!dataSets.ok) return dataSets;
  const answered = await readAnswers(predictions);
  if (!answered.ok) return answered;
  const sampled: SamplesAnswer = {
    models: byInstance(
      samples.value.map(({ axes, content: { questions, answers } }) => ({
        instance: nameOf('model', axes),
        questions,
        answers,
      })),
    ),
    faults: [],
  };
  const answers: Readonly<Record<string, object>> = {
    '/api/project': { pipeline: title, folder: '', version: '', hasModels: false },
    '/api/experiments': experimentsOf({
      evaluations: await withDocuments(evaluations, gathered.evaluations),
      trainings: documents,
      rows,
      points: points.value,
    }),
    '/api/samples': sampled,
    '/api/data': dataSets.value,
    ...(await curveAnswers(gathered.logs)),
  };
  const { sets, worst } = reportRows(answered.value, mostBytes - Buffer.byteLength(jsonText(answers)));
  const shown: readonly (readonly [PagePath, readonly Gathered[]])[] = [
    ['/experiments', gathered.evaluations],
    ['/curves', gathered.logs],
    ['/answers', predictions],
    ['/samples', gathered.samples],
    ['/data', preparations],
  ];
  const pages = shown.flatMap(([path, members]) =>
    members.length > 0 || path === '/experiments' ? [path] : [],
  );
  return { ok: true, value: { data: { pages, notice, hasCommands: false, answers, sets }, worst } };
}

/** Adds the whole file to its parsed form: the page shows every number. */
const withDocuments = <T>(
  contents: readonly Axed<T>[],
  members: readonly Gathered[],
): Promise<readonly Document<T>[]> =>
  Promise.all(
    contents.map(async (content, index) => {
      const read = await readJson(members[index]?.path ?? '');
      return { ...content, document: read.ok ? read.value : null };
    }),
  );

async function curveAnswers(logs: readonly Gathered[]): Promise<Readonly<Record<string, object>>> {
  const answers: Record<string, object> = {};
  const curves: CurveSummary[] = [];
  for (const { axes, path } of logs) {
    const instance = nameOf('model', axes);
    const { series } = await readSeries([path]);
    answers[answerKey('/api/curve', new URLSearchParams({ name: instance }))] = thinnedCurve({
      instance,
      series,
    });
    curves.push({ instance, isRunning: false, hasResult: true });
  }
  return { ...answers, '/api/curves': { curves: byInstance(curves) } };
}
