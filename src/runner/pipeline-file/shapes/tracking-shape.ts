import { listOf, map, matching, optional, record, required, type Shape, text } from './shape.ts';

/** A place that runs are shown in while they run, and after. */
export interface TrackerSettings {
  readonly format: 'tensorboard' | 'wandb' | 'csv' | 'jsonl' | 'parquet' | 'mlflow';
  /** A folder from the project root, or absolute; the URL of a server. */
  readonly destination: string;
}

const folder = record('a map with dir', {
  dir: required(text, 'the folder, from the project root'),
});

const server = record('a map with uri', {
  uri: required(
    matching('a URL of http or https', /^https?:\/\/[^\s@]+$/),
    'where the server is, without a password',
  ),
});

const fields = record('a tracker', {
  tensorboard: optional(folder, 'event files for TensorBoard, which grow while a model is trained'),
  mlflow: optional(server, 'a tracking server of MLflow'),
  wandb: optional(folder, 'offline runs for `wandb sync`'),
  csv: optional(folder, 'tables as CSV'),
  jsonl: optional(folder, 'tables as JSON Lines'),
  parquet: optional(folder, 'tables as Parquet'),
});

const tracker: Shape<TrackerSettings> = map(fields, ({ mlflow, ...folders }, { at }, report) => {
  const named: readonly TrackerSettings[] = [
    ...(mlflow === undefined ? [] : [{ format: 'mlflow', destination: mlflow.uri.value } as const]),
    ...(['tensorboard', 'wandb', 'csv', 'jsonl', 'parquet'] as const).flatMap((format) => {
      const destination = folders[format]?.dir.value;
      return destination === undefined ? [] : [{ format, destination }];
    }),
  ];
  const [only] = named;
  return named.length === 1
    ? only
    : void report({
        severity: 'error',
        code: 'one-tracker',
        message:
          `expected one tracker, found ${named.length}: each is an ` +
          'item of the list, - tensorboard: { dir: runs }',
        at,
      });
});

/** The list `tracking` of a pipeline file or a machine file. */
export const trackingShape = listOf('a list of trackers', tracker);
