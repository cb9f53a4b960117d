import type { Readable } from 'node:stream';
import type { Result } from '../../result.ts';
import type { Problem, Project } from '../../runner/project.ts';
import { answerRequest, countIn, profileIn } from '../../pages/results/answer-request.ts';
import { answersAnswer, compareAnswer, evaluationsAnswer } from './answers/evaluations.ts';
import { askModelsAnswer } from './ask.ts';
import { curveAnswer, curvesAnswer } from './answers/curves.ts';
import { dataAnswer } from './answers/data-sets.ts';
import { experimentsAnswer } from './answers/experiments.ts';
import { everything, graphAnswer } from './answers/graph.ts';
import { instanceAnswer, outFile, printedAnswer } from './answers/instance.ts';
import type { KnownEvaluations } from './answers/read-evaluation.ts';
import type { Refusal } from './answers/refusal.ts';
import { runAnswer, runsAnswer } from './answers/runs.ts';
import { samplesAnswer } from './answers/samples.ts';

/** What the routes share. */
export interface Api {
  readonly version: string;
  /** `--file`, as typed. */
  readonly file?: string | undefined;
  readonly openProject: () => Promise<Project>;
  readonly problemText: (problem: Problem) => Promise<string>;
  /** Pending answers by address: concurrent requests for the same address share one. */
  readonly answering: Map<string, Promise<ApiAnswer>>;
  readonly evaluations: KnownEvaluations;
}

export type ApiAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly body: object }
  | { readonly kind: 'file'; readonly name: string; readonly stream: Readable };

type Routed = Result<object | { readonly file: string; readonly stream: Readable }, Refusal>;

/** Answers a request below /api/. */
export async function answerApi(path: string, query: URLSearchParams, api: Api): Promise<ApiAnswer> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return json(404, { problem: `there is no API path ${path}` });
  const missing = (route.needs ?? []).find((name) => text(query, name) === '');
  if (missing !== undefined)
    return json(400, { problem: `"${missing}" is missing: expected ${path}?${missing}=...` });
  if (path === '/api/file') return answered(route, query, api);
  const address = `${path}?${query.toString()}`;
  const answering = api.answering.get(address) ?? answered(route, query, api);
  api.answering.set(address, answering);
  try {
    return await answering;
  } finally {
    api.answering.delete(address);
  }
}

interface Route {
  /** Parameters without which there is no answer; `name` is that of an instance. */
  readonly needs?: readonly ('name' | 'run' | 'file' | 'out' | 'a' | 'b')[];
  readonly answer: (project: Project, query: URLSearchParams, api: Api) => Promise<Routed>;
}

async function answered(route: Route, query: URLSearchParams, api: Api): Promise<ApiAnswer> {
  const project = await api.openProject();
  try {
    const named = route.needs?.includes('name') === true ? await instanceNamed(project, query) : undefined;
    const routed = named?.ok === false ? named : await route.answer(project, query, api);
    if (!routed.ok)
      return routed.error.kind === 'unknown'
        ? json(404, { problem: routed.error.message })
        : json(500, { problem: await api.problemText(routed.error) });
    const { value } = routed;
    return 'stream' in value ? { kind: 'file', name: value.file, stream: value.stream } : json(200, value);
  } finally {
    project.close();
  }
}

async function instanceNamed(project: Project, query: URLSearchParams): Promise<Result<void, Refusal>> {
  const graph = await project.graph(everything);
  if (!graph.ok) return graph;
  const name = text(query, 'name');
  return graph.value.instances.some(({ instance }) => instance === name)
    ? { ok: true, value: undefined }
    : { ok: false, error: { kind: 'unknown', message: `the pipeline file has no instance ${name}` } };
}

const json = (status: number, body: object): ApiAnswer => ({ kind: 'json', status, body });

const text = (query: URLSearchParams, name: string): string => query.get(name) ?? '';

const mostRuns = 200;

const routes: Readonly<Record<string, Route>> = {
  '/api/project': {
    answer: async (project, _, { version, file }) => {
      const graph = await project.graph(everything);
      if (!graph.ok) return graph;
      const models = await askModelsAnswer(project);
      const folder = project.root.split('/').at(-1) ?? '';
      const hasModels = models.ok && models.value.models.length > 0;
      return { ok: true, value: { pipeline: graph.value.pipeline, folder, version, hasModels, file } };
    },
  },
  '/api/runs': {
    answer: (project, query) =>
      runsAnswer(project, query.get('before') ?? undefined, Math.min(mostRuns, countIn(query, 'limit', 50))),
  },
  '/api/run': { needs: ['run'], answer: (project, query) => runAnswer(project, text(query, 'run')) },
  '/api/graph': { answer: (project) => graphAnswer(project) },
  '/api/instance': {
    needs: ['name'],
    answer: (project, query) => instanceAnswer(project, text(query, 'name'), query.get('run')),
  },
  '/api/log': {
    needs: ['name', 'file'],
    answer: (project, query) =>
      printedAnswer(project, {
        instance: text(query, 'name'),
        run: query.get('run') ?? undefined,
        file: text(query, 'file'),
        from: query.has('from') ? countIn(query, 'from', 0) : undefined,
      }),
  },
  '/api/file': {
    needs: ['name', 'out'],
    answer: (project, query) => outFile(project, text(query, 'name'), text(query, 'out')),
  },
  '/api/experiments': { answer: (project) => experimentsAnswer(project) },
  '/api/curves': { answer: (project) => curvesAnswer(project) },
  '/api/curve': {
    needs: ['name'],
    answer: (project, query) => curveAnswer(project, text(query, 'name'), query.get('run') ?? undefined),
  },
  '/api/evaluations': {
    answer: (project, query, { evaluations }) => evaluationsAnswer(project, evaluations, profileIn(query)),
  },
  '/api/answers': {
    answer: (project, query, { evaluations }) => answersAnswer(project, evaluations, answerRequest(query)),
  },
  '/api/compare': {
    needs: ['a', 'b'],
    answer: (project, query, { evaluations }) =>
      compareAnswer(project, evaluations, text(query, 'a'), text(query, 'b'), profileIn(query)),
  },
  '/api/ask-models': { answer: (project) => askModelsAnswer(project) },
  '/api/samples': { answer: (project) => samplesAnswer(project) },
  '/api/data': { answer: (project) => dataAnswer(project) },
};
