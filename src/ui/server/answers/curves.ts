import { join } from 'node:path';
import type { Result } from '../../../result.ts';
import type { Project } from '../../../runner/project.ts';
import { historyOf } from '../../../runner/project/results/run-history.ts';
import type { CurveAnswer, CurvePoint, CurvesAnswer } from '../../../pages/result-answers.ts';
import { type FiledSeries, readSeries } from '../../../pages/results/series.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';

/** The instances that have series: those with an out of kind `series`. */
export async function curvesAnswer(project: Project): Promise<Result<CurvesAnswer, Refusal>> {
  const declared = await project.artifacts(everything);
  if (!declared.ok) return declared;
  const results = await project.results(everything);
  if (!results.ok) return results;
  const status = await project.status(everything);
  if (!status.ok) return status;
  const running = new Set(
    status.value.instances.flatMap(({ instance, state }) => (state === 'running' ? [instance] : [])),
  );
  const finished = new Set(results.value.map(({ instance }) => instance));
  const instances = new Set(
    declared.value.flatMap(({ instance, kind }) => (kind === 'series' ? [instance] : [])),
  );
  return {
    ok: true,
    value: {
      curves: [...instances].map((instance) => ({
        instance,
        isRunning: running.has(instance),
        hasResult: finished.has(instance),
      })),
    },
  };
}

/**
 * The series of an instance: as reported in a run, or in the last one that tried it; with the epochs, which
 * only its file of series has. For a result that another machine computed, only the file exists.
 */
export async function curveAnswer(
  project: Project,
  name: string,
  run: string | undefined,
): Promise<Result<CurveAnswer, Refusal>> {
  const log = await project.log(name, run);
  if (!log.ok) return log;
  const history = historyOf(log.value?.events ?? [], false).instances.find(
    ({ instance }) => instance === name,
  );
  const startedAt = history?.attempts.at(0)?.startedAt;
  const filed = run === undefined ? await filedSeries(project, name) : undefined;
  const reported = Object.entries(history?.series ?? {});
  const series =
    reported.length === 0
      ? (filed?.series ?? {})
      : Object.fromEntries(
          reported.map(([each, points]) => [
            each,
            points.map(({ step, at, value }): CurvePoint => ({
              step,
              value,
              seconds: startedAt === undefined ? undefined : (at - startedAt) / 1000,
              epoch: filed?.epochs.get(step),
            })),
          ]),
        );
  return { ok: true, value: { instance: name, run: log.value?.run, startedAt, series } };
}

/** The outs of kind `series`. */
async function filedSeries(project: Project, name: string): Promise<FiledSeries | undefined> {
  const only = { patterns: [name], mode: 'only' } as const;
  const declared = await project.artifacts(only);
  const results = await project.results(only);
  if (!declared.ok || !results.ok) return undefined;
  const files = declared.value.flatMap(({ out, kind }) =>
    kind === 'series' ? (results.value[0]?.files[out] ?? []) : [],
  );
  return readSeries(files.map((file) => join(project.root, file)));
}
