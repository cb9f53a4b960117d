import type { LivePoint, PredictionTable, TrackerRun } from '../tracker-run.ts';
import { fileVersion, scalar, sessionEnd, sessionStart, textTable } from './event-proto.ts';
import { tfRecord } from './tf-record.ts';

/**
 * The event file of a model: its header, every point of its series, its metrics, and some answers. Points
 * come in the order of time, so that a file that grew while the model was made is a prefix of this one;
 * points without a time come after them.
 */
export function* eventFile(run: TrackerRun): Generator<Uint8Array> {
  yield* firstEvents(run);
  const ended = endOf(run);
  const points = Object.entries(run.series).flatMap(([name, series]) =>
    series.map((point) => ({ name, ...point })),
  );
  const timed = points.filter(({ at }) => at !== undefined);
  timed.sort((a, b) => (a.at ?? 0) - (b.at ?? 0) || a.step - b.step);
  yield* pointEvents(run, [...timed, ...points.filter(({ at }) => at === undefined)]);
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

/** What an event file begins with: its version and the params. */
export function* firstEvents(run: TrackerRun): Generator<Uint8Array> {
  yield tfRecord(fileVersion(beginOf(run)));
  yield tfRecord(sessionStart(beginOf(run), run.params));
}

/** The events of points; one without a time has that of the end of the run. */
export function* pointEvents(run: TrackerRun, points: readonly LivePoint[]): Generator<Uint8Array> {
  for (const { name, step, value, at } of points)
    yield tfRecord(scalar({ at: at ?? endOf(run), step }, name, value));
}

const beginOf = ({ startedAt, finishedAt }: TrackerRun): number => startedAt ?? finishedAt ?? 0;
const endOf = (run: TrackerRun): number => run.finishedAt ?? beginOf(run);

const lastSteps = ({ series }: TrackerRun): readonly number[] =>
  Object.values(series).map((points) => points.at(-1)?.step ?? 0);

/** The first answers: TensorBoard is not suited to reading them all. */
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
