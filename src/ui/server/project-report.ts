import type { Result } from '../../result.ts';
import type { Project, RunRecord } from '../../runner/project.ts';
import type { InstanceAnswer } from '../api.ts';
import type { CurveAnswer } from '../../pages/result-answers.ts';
import { pages } from '../../pages/pages.ts';
import { memoizedProject } from './memoized-project.ts';
import { curveAnswer, curvesAnswer } from './answers/curves.ts';
import { dataAnswer } from './answers/data-sets.ts';
import { namedEvaluations } from './answers/evaluations.ts';
import { experimentsAnswer } from './answers/experiments.ts';
import { graphAnswer } from './answers/graph.ts';
import { instanceAnswer, printedAnswer } from './answers/instance.ts';
import type { KnownEvaluations } from './answers/read-evaluation.ts';
import type { Refusal } from './answers/refusal.ts';
import { runAnswer, runsAnswer } from './answers/runs.ts';
import { samplesAnswer } from './answers/samples.ts';
import { jsonText } from '../../files/json-text.ts';
import { answerKey, type ReportData } from '../../pages/report/report-data.ts';
import { reportRows } from '../../pages/report/report-rows.ts';
import { thinnedCurve } from '../../pages/report/thinned-curve.ts';

interface ProjectReportOptions {
  readonly project: Project;
  readonly version: string;
  /** Shown on every page: the time of creation, for example. */
  readonly notice: string;
  /** Whether it names who started the runs, and on which machine. */
  readonly withUser: boolean;
  readonly mostBytes: number;
  readonly onProgress?: (progress: ReportProgress) => void;
}

/** How much of the project has been read. */
interface ReportProgress {
  readonly what: 'runs' | 'instances' | 'curves' | 'answers';
  readonly done: number;
  readonly total: number;
}

interface ProjectReport {
  readonly data: ReportData;
  readonly pipeline: string;
  /** The texts of so many answers of each model are held; undefined: of all. */
  readonly worst: number | undefined;
}

/** The limits on listed runs, and on the output of an instance. */
const mostRuns = 50;
const mostPrinted = 8000;

/** All the current data that the pages of a project can show. */
export async function projectReport(options: ProjectReportOptions): Promise<Result<ProjectReport, Refusal>> {
  const { version, notice, withUser, mostBytes, onProgress = () => undefined } = options;
  const project = memoizedProject(options.project);
  const graph = await graphAnswer(project);
  if (!graph.ok) return graph;
  const { pipeline } = graph.value;
  const answers: Record<string, object> = {
    '/api/project': { pipeline, folder: project.root.split('/').at(-1) ?? '', version, hasModels: false },
    '/api/graph': graph.value,
  };
  const whole = {
    '/api/experiments': experimentsAnswer,
    '/api/samples': samplesAnswer,
    '/api/data': dataAnswer,
  };
  for (const [path, answered] of Object.entries(whole)) {
    const found: Result<object, Refusal> = await answered(project);
    if (!found.ok) return found;
    answers[path] = found.value;
  }
  const instances = graph.value.stages.flatMap((stage) => stage.instances.map(({ instance }) => instance));
  for (const add of [addRuns, addInstances, addCurves]) {
    const added = await add(project, { answers, instances, withUser, onProgress });
    if (!added.ok) return added;
  }
  const known: KnownEvaluations = new Map();
  onProgress({ what: 'answers', done: 0, total: 2 });
  const multilingual = await namedEvaluations(project, known, 'multilingual');
  if (!multilingual.ok) return multilingual;
  onProgress({ what: 'answers', done: 1, total: 2 });
  const reference = await namedEvaluations(project, known, 'reference');
  if (!reference.ok) return reference;
  const { sets, worst } = reportRows(
    { multilingual: multilingual.value.evaluations, reference: reference.value.evaluations },
    mostBytes - Buffer.byteLength(jsonText(answers)),
  );
  const shown = pages.map(({ path }) => path).filter((path) => path !== '/ask');
  return {
    ok: true,
    value: { data: { pages: shown, notice, hasCommands: true, answers, sets }, pipeline, worst },
  };
}

interface Adding {
  readonly answers: Record<string, object>;
  readonly instances: readonly string[];
  readonly withUser: boolean;
  readonly onProgress: (progress: ReportProgress) => void;
}

const put = (
  answers: Record<string, object>,
  path: string,
  query: Readonly<Record<string, string>>,
  value: object,
) => {
  answers[answerKey(path, new URLSearchParams(query))] = value;
};

async function addRuns(
  project: Project,
  { answers, withUser, onProgress }: Adding,
): Promise<Result<void, Refusal>> {
  const runs = await runsAnswer(project, undefined, mostRuns);
  if (!runs.ok) return runs;
  const shown = <T extends Pick<RunRecord, 'startedFrom'>>(run: T): T =>
    withUser || run.startedFrom === undefined
      ? run
      : { ...run, startedFrom: { ...run.startedFrom, user: undefined, host: '' } };
  answers['/api/runs'] = { runs: runs.value.runs.map(shown), more: false };
  for (const [done, { run }] of runs.value.runs.entries()) {
    onProgress({ what: 'runs', done, total: runs.value.runs.length });
    const found = await runAnswer(project, run);
    if (!found.ok) return found;
    put(answers, '/api/run', { run }, shown(found.value));
  }
  return { ok: true, value: undefined };
}

async function addInstances(
  project: Project,
  { answers, instances, onProgress }: Adding,
): Promise<Result<void, Refusal>> {
  for (const [done, instance] of instances.entries()) {
    onProgress({ what: 'instances', done, total: instances.length });
    const found = await instanceAnswer(project, instance, null);
    if (!found.ok) return found;
    put(answers, '/api/instance', { name: instance }, found.value);
    await addPrinted(project, found.value, answers);
  }
  return { ok: true, value: undefined };
}

/** The end of an instance's output. */
async function addPrinted(
  project: Project,
  { instance, log }: InstanceAnswer,
  answers: Record<string, object>,
): Promise<void> {
  for (const part of log?.parts ?? []) {
    if (log === undefined || part.kind !== 'file') continue;
    const { file } = part;
    const { run } = log;
    const printed = await printedAnswer(project, { instance, run, file, from: undefined });
    if (!printed.ok || printed.value.text === '') continue;
    const { text, from, ...ends } = printed.value;
    const end = text.slice(-mostPrinted);
    const cut = Buffer.byteLength(text) - Buffer.byteLength(end);
    put(answers, '/api/log', { name: instance, run, file }, { ...ends, from: from + cut, text: end });
  }
}

async function addCurves(project: Project, { answers, onProgress }: Adding): Promise<Result<void, Refusal>> {
  const found = await curvesAnswer(project);
  if (!found.ok) return found;
  const { curves } = found.value;
  answers['/api/curves'] = found.value;
  for (const [done, { instance }] of curves.entries()) {
    onProgress({ what: 'curves', done, total: curves.length });
    const curve: Result<CurveAnswer, Refusal> = await curveAnswer(project, instance, undefined);
    if (!curve.ok) return curve;
    put(answers, '/api/curve', { name: instance }, thinnedCurve(curve.value));
  }
  return { ok: true, value: undefined };
}
