import type { PredictionTable, TrackerRun } from '../tracker-run.ts';
import { fileVersion, scalar, sessionEnd, sessionStart, textTable } from './event-proto.ts';
import { tfRecord } from './tf-record.ts';

/**
 * The event file of a model: its params, every point of its series in order of time, its metrics, and some
 * answers.
 */
export function* eventFile(run: TrackerRun): Generator<Uint8Array> {
  const began = run.startedAt ?? run.finishedAt ?? 0;
  const ended = run.finishedAt ?? began;
  yield tfRecord(fileVersion(began));
  yield tfRecord(sessionStart(began, run.params));
  const points = Object.entries(run.series).flatMap(([name, series]) =>
    series.map(({ step, value, at }) => ({ name, step, value, at: at ?? began })),
  );
  points.sort((a, b) => a.at - b.at || a.step - b.step);
  for (const { name, value, ...moment } of points) yield tfRecord(scalar(moment, name, value));
  const step = Math.max(0, ...lastSteps(run));
  for (const { source, name, value, at } of run.metrics)
    yield tfRecord(scalar({ at: at ?? ended, step }, `${source}/${name}`, Number(value)));
  for (const table of run.predictions) {
    const rows = sampledAnswers(table);
    if (rows.length > 1) yield tfRecord(textTable({ at: ended, step }, `${table.source}/answers`, rows));
  }
  for (const { source, rows } of run.samples)
    yield tfRecord(textTable({ at: ended, step }, `${source}/samples`, rows));
  yield tfRecord(textTable({ at: ended, step }, 'model', about(run)));
  yield tfRecord(sessionEnd(ended));
}

const lastSteps = ({ series }: TrackerRun): readonly number[] =>
  Object.values(series).map((points) => points.at(-1)?.step ?? 0);

/** The first answers: TensorBoard is no place to read them all. */
function sampledAnswers({ rows }: PredictionTable): readonly (readonly string[])[] {
  const fields = ['question', 'reference', 'prediction'].filter((field) =>
    rows.some((row) => row[field] !== undefined),
  );
  if (fields.length === 0) return [];
  return [
    fields,
    ...rows.slice(0, shownAnswers).map((row) => fields.map((field) => String(row[field] ?? ''))),
  ];
}

const shownAnswers = 20;

const about = ({ name, key, group, device }: TrackerRun): readonly (readonly string[])[] => [
  ['instance', name],
  ['key', key],
  ...(group === undefined ? [] : [['run', group]]),
  ...(device === undefined ? [] : [['device', device]]),
];
