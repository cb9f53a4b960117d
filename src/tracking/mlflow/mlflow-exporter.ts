import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import type { Exporter } from '../exporter.ts';
import type { TimedPoint, TrackerRun } from '../tracker-run.ts';
import { type Batch, idTag, type KnownMetrics, mlflowBatches } from './mlflow-batches.ts';
import { type MlflowCall, type MlflowClient, mlflowClient } from './mlflow-client.ts';

/** Runs of an experiment that is named as the pipeline. A model that is there already is updated. */
export function mlflowExporter(
  url: string,
  pipeline: string,
  environment: NodeJS.ProcessEnv,
): Result<Exporter> {
  const client = mlflowClient(url, environment);
  if (!client.ok) return client;
  const server = client.value;
  let experiment: string | undefined;
  /** Runs that grow: what they are on the server, and what is there. */
  const growing = new Map<string, ServerRun>();

  async function open(run: TrackerRun): Promise<Result<ServerRun>> {
    const known: Result<string> =
      experiment === undefined ? await experimentNamed(server, pipeline) : { ok: true, value: experiment };
    if (!known.ok) return known;
    experiment = known.value;
    return runOf(server, experiment, run);
  }
  const address = (id: string): string => `${url.replace(/\/$/, '')}/#/experiments/${experiment}/runs/${id}`;

  return {
    ok: true,
    value: {
      async write(run) {
        growing.delete(run.id);
        const there = await open(run);
        if (!there.ok) return there;
        const logged = await log(server, there.value.id, mlflowBatches(run, pipeline, there.value.metrics));
        if (!logged.ok) return logged;
        const ended = await ask(server, {
          post: 'runs/update',
          body: {
            run_id: there.value.id,
            run_name: run.name,
            status: 'FINISHED',
            end_time: run.finishedAt ?? run.startedAt ?? 0,
          },
        });
        return ended.ok ? { ok: true, value: [address(there.value.id)] } : ended;
      },
      async append(run, points) {
        const opened = growing.get(run.id);
        const there: Result<ServerRun> = opened === undefined ? await open(run) : { ok: true, value: opened };
        if (!there.ok) return there;
        const series: Record<string, TimedPoint[]> = {};
        for (const { name, ...point } of points) (series[name] ??= []).push(point);
        const batches = mlflowBatches({ ...run, series }, pipeline, there.value.metrics);
        // Params and tags are unchanged.
        const needed = opened === undefined ? batches : batches.filter((batch) => 'metrics' in batch);
        const logged = await log(server, there.value.id, needed);
        if (!logged.ok) return logged;
        growing.set(run.id, { ...there.value, metrics: withLogged(there.value.metrics, needed) });
        return { ok: true, value: undefined };
      },
    },
  };
}

interface ServerRun {
  readonly id: string;
  readonly metrics: KnownMetrics;
}

async function log(server: MlflowClient, id: string, batches: readonly Batch[]): Promise<Result<void>> {
  for (const batch of batches) {
    const logged = await ask(server, { post: 'runs/log-batch', body: { run_id: id, ...batch } });
    if (!logged.ok) return logged;
  }
  return { ok: true, value: undefined };
}

function withLogged(known: KnownMetrics, batches: readonly Batch[]): KnownMetrics {
  const metrics = new Map(known);
  for (const batch of batches)
    for (const { key, step, value } of 'metrics' in batch ? batch.metrics : [])
      metrics.set(key, { step, value: Number(value) });
  return metrics;
}

async function experimentNamed(server: MlflowClient, name: string): Promise<Result<string>> {
  const found = await server.call({ get: 'experiments/get-by-name', query: { experiment_name: name } });
  if (!found.ok && !found.error.isMissing) return { ok: false, error: found.error.message };
  if (found.ok) {
    const { experiment } = found.value;
    if (isJsonObject(experiment) && experiment['lifecycle_stage'] === 'deleted')
      return {
        ok: false,
        error: `the experiment "${name}" was deleted on the server: restore it, or delete it for good`,
      };
    return textIn(isJsonObject(experiment) ? experiment : {}, 'experiment_id');
  }
  const made = await ask(server, { post: 'experiments/create', body: { name }, once: true });
  return made.ok ? textIn(made.value, 'experiment_id') : made;
}

/** The run of the model: that of an earlier export, or a new one. */
async function runOf(server: MlflowClient, experiment: string, run: TrackerRun): Promise<Result<ServerRun>> {
  const found = await ask(server, {
    post: 'runs/search',
    body: { experiment_ids: [experiment], filter: `tags.\`${idTag}\` = '${run.id}'`, max_results: 1 },
  });
  if (!found.ok) return found;
  const { runs } = found.value;
  const [first] = isJsonList(runs) ? runs : [];
  if (first !== undefined) return serverRun(first);
  const made = await ask(server, {
    post: 'runs/create',
    body: {
      experiment_id: experiment,
      run_name: run.name,
      start_time: run.startedAt ?? run.finishedAt ?? 0,
      tags: [{ key: idTag, value: run.id }],
    },
    once: true,
  });
  return made.ok ? serverRun(made.value['run'] ?? null) : made;
}

/** The last value of each metric comes with the run. */
function serverRun(run: Json): Result<ServerRun> {
  const { info = null, data = null } = isJsonObject(run) ? run : {};
  const id = textIn(isJsonObject(info) ? info : {}, 'run_id');
  if (!id.ok) return id;
  const listed = isJsonObject(data) ? data['metrics'] : undefined;
  const metrics = (isJsonList(listed) ? listed : []).flatMap((metric) => {
    if (!isJsonObject(metric) || typeof metric['key'] !== 'string') return [];
    const last = { step: Number(metric['step'] ?? 0), value: Number(metric['value'] ?? 0) };
    return [[metric['key'], last] as const];
  });
  return { ok: true, value: { id: id.value, metrics: new Map(metrics) } };
}

const textIn = (json: JsonObject, name: string): Result<string> => {
  const text = json[name];
  return typeof text === 'string'
    ? { ok: true, value: text }
    : { ok: false, error: `the server's answer has no "${name}": it is not an MLflow server` };
};

async function ask(server: MlflowClient, call: MlflowCall): Promise<Result<JsonObject>> {
  const answer = await server.call(call);
  return answer.ok ? answer : { ok: false, error: answer.error.message };
}
