import { isJsonList, isJsonObject, type JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import type { Exporter } from '../exporter.ts';
import type { TrackerRun } from '../tracker-run.ts';
import { idTag, mlflowBatches } from './mlflow-batches.ts';
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
  return {
    ok: true,
    value: {
      async write(run) {
        const known =
          experiment === undefined
            ? await experimentNamed(server, pipeline)
            : { ok: true as const, value: experiment };
        if (!known.ok) return known;
        experiment = known.value;
        const id = await runOf(server, experiment, run);
        if (!id.ok) return id;
        for (const batch of mlflowBatches(run, pipeline)) {
          const logged = await ask(server, { post: 'runs/log-batch', body: { run_id: id.value, ...batch } });
          if (!logged.ok) return logged;
        }
        const ended = await ask(server, {
          post: 'runs/update',
          body: {
            run_id: id.value,
            run_name: run.name,
            status: 'FINISHED',
            end_time: run.finishedAt ?? run.startedAt ?? 0,
          },
        });
        return ended.ok
          ? { ok: true, value: [`${url.replace(/\/$/, '')}/#/experiments/${experiment}/runs/${id.value}`] }
          : ended;
      },
    },
  };
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
async function runOf(server: MlflowClient, experiment: string, run: TrackerRun): Promise<Result<string>> {
  const found = await ask(server, {
    post: 'runs/search',
    body: { experiment_ids: [experiment], filter: `tags.\`${idTag}\` = '${run.id}'`, max_results: 1 },
  });
  if (!found.ok) return found;
  const { runs } = found.value;
  const [first] = isJsonList(runs) ? runs : [];
  if (first !== undefined) return runIdIn(first);
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
  return made.ok ? runIdIn(made.value['run']) : made;
}

function runIdIn(run: JsonObject[string] | undefined): Result<string> {
  const info = isJsonObject(run) ? run['info'] : undefined;
  return textIn(isJsonObject(info) ? info : {}, 'run_id');
}

const textIn = (json: JsonObject, name: string): Result<string> => {
  const text = json[name];
  return typeof text === 'string'
    ? { ok: true, value: text }
    : { ok: false, error: `the server's answer has no "${name}": it does not answer as an MLflow server` };
};

async function ask(server: MlflowClient, call: MlflowCall): Promise<Result<JsonObject>> {
  const answer = await server.call(call);
  return answer.ok ? answer : { ok: false, error: answer.error.message };
}
