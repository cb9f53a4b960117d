import { integerField, joined, type Message, messageField, textField } from '../../ml/runtime/protobuf.ts';
import type { TrackerRun } from '../tracker-run.ts';

/** A table in a file of the run, as its history names it. */
export interface TableFile {
  /** "eval/answers". */
  readonly name: string;
  /** From the run's folder `files`. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly columns: number;
  readonly rows: number;
}

/**
 * The records of a run: what it is, a record of history a step, its files, its summary, its end. Messages and
 * field numbers are those of wandb/proto/wandb_internal.proto (0.31).
 */
export function* runRecords(
  run: TrackerRun,
  project: string,
  tables: readonly TableFile[],
): Generator<Uint8Array> {
  const began = run.startedAt ?? run.finishedAt ?? 0;
  const runtime = Math.max(0, Math.round(((run.finishedAt ?? began) - began) / 1000));
  let number = 0;
  const record = (field: number, message: Message): Uint8Array =>
    joined([integerField(1, (number += 1)), messageField(field, message)]);

  yield record(fields.header, [
    messageField(1, [textField(1, 'medical-qa-pipeline'), textField(2, '0.70.0')]),
  ]);
  yield record(fields.run, runMessage(run, project, began));
  yield* history(run, began, tables).map((items) => record(fields.history, items));
  if (tables.length > 0)
    yield record(
      fields.files,
      tables.map(({ path }) => messageField(1, [textField(1, path)])),
    );
  yield record(
    fields.summary,
    summaryOf(run, tables).map(([name, value]) =>
      messageField(1, [textField(1, name), textField(16, value)]),
    ),
  );
  yield record(fields.exit, [integerField(2, runtime)]);
}

/** Of Record. */
const fields = { history: 2, summary: 3, files: 6, run: 17, exit: 18, header: 21 } as const;

function runMessage(run: TrackerRun, project: string, began: number): Message {
  const config = Object.entries(run.params).map(([name, value]) =>
    messageField(1, [textField(1, name), textField(16, JSON.stringify(value))]),
  );
  const seconds = Math.floor(began / 1000);
  return [
    textField(1, run.id),
    textField(3, project),
    messageField(4, config),
    ...(run.group === undefined ? [] : [textField(6, run.group)]),
    textField(8, run.name),
    messageField(17, [integerField(1, seconds), integerField(2, Math.round((began - seconds * 1000) * 1e6))]),
  ];
}

/** The points of all series, those of a step together, in the order of the steps; tables at the last one. */
function history(run: TrackerRun, began: number, tables: readonly TableFile[]): readonly Message[] {
  const steps = new Map<number, { at: number; readonly values: [string, string][] }>();
  for (const [name, points] of Object.entries(run.series))
    for (const { step, value, at } of points) {
      const whole = Math.round(step);
      const known = steps.get(whole) ?? { at: began, values: [] };
      known.at = Math.max(known.at, at ?? began);
      known.values.push([name, numberText(value)]);
      steps.set(whole, known);
    }
  const last = Math.max(0, ...steps.keys());
  if (tables.length > 0) {
    const known = steps.get(last) ?? { at: run.finishedAt ?? began, values: [] };
    known.values.push(...tables.map((table): [string, string] => [table.name, tableText(table)]));
    steps.set(last, known);
  }
  return [...steps]
    .sort(([one], [other]) => one - other)
    .map(([step, { at, values }]) => [
      ...[
        ...values,
        ['_step', String(step)] as const,
        ['_timestamp', String(at / 1000)] as const,
        ['_runtime', String((at - began) / 1000)] as const,
      ].map(([name, value]) => messageField(1, [textField(2, name), textField(16, value)])),
      messageField(2, [integerField(1, step)]),
    ]);
}

/** The last value of each series, every metric, and the tables. */
const summaryOf = (run: TrackerRun, tables: readonly TableFile[]): readonly (readonly [string, string])[] => [
  ...Object.entries(run.series).flatMap(([name, points]): [string, string][] => {
    const last = points.at(-1);
    return last === undefined ? [] : [[name, numberText(last.value)]];
  }),
  ...run.metrics.map(({ source, name, value }): [string, string] => [
    `${source}/${name}`,
    typeof value === 'bigint' ? String(value) : numberText(value),
  ]),
  ...tables.map((table): [string, string] => [table.name, tableText(table)]),
];

/** As Python's json module writes it: NaN and infinities are words. */
const numberText = (value: number): string =>
  Number.isFinite(value) ? JSON.stringify(value) : String(value);

const tableText = ({ path, sha256, size, columns, rows }: TableFile): string =>
  JSON.stringify({ _type: 'table-file', path, sha256, size, ncols: columns, nrows: rows });
