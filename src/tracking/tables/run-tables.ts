import type { PredictionTable, TrackerRun } from '../tracker-run.ts';
import type { Cell, Column, Table } from './table.ts';

const text = (name: string): Column => ({ name, kind: 'text' });

/**
 * A model as five tables that join by `id`. A table without rows is there too: it takes the place of an older
 * one.
 */
export function runTables(run: TrackerRun): readonly Table[] {
  const { id, name: model } = run;
  const own = [text('id'), text('model')];
  return [
    {
      name: 'models',
      columns: [...own, text('key'), text('run'), time('started'), time('finished'), text('device')],
      rows: [[id, model, run.key, run.group, run.startedAt, run.finishedAt, run.device]],
    },
    {
      name: 'params',
      columns: [...own, text('name'), { name: 'value', kind: 'value' }],
      rows: Object.entries(run.params).map(([name, value]) => [id, model, name, value]),
    },
    {
      name: 'metrics',
      columns: [
        ...own,
        text('source'),
        text('instance'),
        text('name'),
        { name: 'value', kind: 'number' },
        time('counted'),
      ],
      rows: run.metrics.map(({ source, instance, name, value, at }) => [
        id,
        model,
        source,
        instance,
        name,
        value,
        at,
      ]),
    },
    {
      name: 'series',
      columns: [
        ...own,
        text('name'),
        { name: 'step', kind: areWhole(run) ? 'integer' : 'number' },
        { name: 'value', kind: 'number' },
        time('at'),
      ],
      rows: Object.entries(run.series).flatMap(([name, points]) =>
        points.map(({ step, value, at }) => [id, model, name, step, value, at]),
      ),
    },
    predictionTable(run),
  ];
}

const areWhole = ({ series }: TrackerRun): boolean =>
  Object.values(series).every((points) => points.every(({ step }) => Number.isSafeInteger(step)));

const time = (name: string): Column => ({ name, kind: 'time' });

/** The fields of the rows of the files, in order of appearance. */
function predictionTable({ id, name, predictions }: TrackerRun): Table {
  const fields = [...new Set(predictions.flatMap(({ rows }) => rows.flatMap((row) => Object.keys(row))))];
  const own: readonly Column[] = [
    ...['id', 'model', 'source', 'instance'].map(text),
    { name: 'row', kind: 'integer' },
  ];
  // A field of the rows that is named as one of the table's own columns.
  const shown = (field: string): string =>
    own.some((column) => column.name === field) ? `row.${field}` : field;
  return {
    name: 'predictions',
    columns: [...own, ...fields.map((field) => ({ name: shown(field), kind: kindOf(predictions, field) }))],
    rows: predictions.flatMap(({ source, instance, rows }) =>
      rows.map((row, index): readonly Cell[] => [
        id,
        name,
        source,
        instance,
        index + 1,
        ...fields.map((field) => row[field]),
      ]),
    ),
  };
}

function kindOf(predictions: readonly PredictionTable[], field: string): Column['kind'] {
  const kinds = new Set(
    predictions.flatMap(({ rows }) =>
      rows.flatMap((row) => (row[field] === undefined || row[field] === null ? [] : [typeof row[field]])),
    ),
  );
  const [only] = kinds;
  if (kinds.size !== 1) return kinds.size === 0 ? 'text' : 'value';
  return only === 'number' ? 'number' : only === 'boolean' ? 'boolean' : 'text';
}
