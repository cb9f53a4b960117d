import type { JsonObject } from '../../files/json.ts';
import type { TrackerRun } from '../tracker-run.ts';

/**
 * What one call of `runs/log-batch` holds; the server takes at most 1,000 metrics, 100 params and 100 tags.
 */
export type Batch =
  | { readonly metrics: readonly MlflowMetric[] }
  | { readonly params: readonly NamedText[] }
  | { readonly tags: readonly NamedText[] };

interface MlflowMetric extends JsonObject {
  readonly key: string;
  /**
   * NaN and infinities as protobuf's JSON writes them; the server keeps NaN, and infinities as the greatest
   * doubles.
   */
  readonly value: number | 'NaN' | 'Infinity' | '-Infinity';
  readonly timestamp: number;
  readonly step: number;
}

interface NamedText extends JsonObject {
  readonly key: string;
  readonly value: string;
}

/** The server's state of a metric: its last step, and the value there. */
export type KnownMetrics = ReadonlyMap<string, { readonly step: number; readonly value: number }>;

/**
 * The data of a model that the server lacks, as calls that may be repeated. A point of a series is sent if
 * its step is above the server's last one, a metric if it is missing or differs: so there are no duplicates,
 * whenever it was measured.
 */
export function mlflowBatches(
  run: TrackerRun,
  pipeline: string,
  known: KnownMetrics = new Map(),
): readonly Batch[] {
  const began = run.startedAt ?? run.finishedAt ?? 0;
  const ended = run.finishedAt ?? began;
  const last = Math.max(0, ...Object.values(run.series).map((points) => points.at(-1)?.step ?? 0));
  const points = [
    ...Object.entries(run.series).flatMap(([name, series]) =>
      series.map(({ step, value, at }) => ({ isSeries: true, name, step, value, at: at ?? began })),
    ),
    ...run.metrics.map(({ source, name, value, at }) => ({
      isSeries: false,
      name: `${source}/${name}`,
      step: last,
      value: Number(value),
      at: at ?? ended,
    })),
  ];
  const metricName = legalNames(points.map(({ name }) => name));
  const isMissing = ({ isSeries, name, step, value }: (typeof points)[number]): boolean => {
    const there = known.get(metricName(name));
    return there === undefined || (isSeries ? Math.round(step) > there.step : !isSame(there.value, value));
  };
  const paramName = legalNames(Object.keys(run.params));
  return [
    ...parts(tagsOf(run, pipeline), 100).map((tags) => ({ tags })),
    ...parts(
      Object.entries(run.params).map(([name, value]) => ({
        key: paramName(name),
        value: cut(String(value)),
      })),
      100,
    ).map((params) => ({ params })),
    ...parts(
      points.filter(isMissing).map(({ name, step, value, at }) => ({
        key: metricName(name),
        value: inJson(value),
        timestamp: Math.round(at),
        step: Math.round(step),
      })),
      1000,
    ).map((metrics) => ({ metrics })),
  ];
}

/** The tag that a model is found by when it is exported again. */
export const idTag = 'pipeline.id';

const tagsOf = (run: TrackerRun, pipeline: string): readonly NamedText[] =>
  Object.entries({
    [idTag]: run.id,
    'pipeline.name': pipeline,
    'pipeline.instance': run.name,
    'pipeline.key': run.key,
    ...(run.group === undefined ? {} : { 'pipeline.run': run.group }),
    ...(run.device === undefined ? {} : { 'pipeline.device': run.device }),
  }).map(([key, value]) => ({ key, value: cut(value) }));

/** Infinities come back from the server as the greatest doubles. */
const isSame = (there: number, value: number): boolean =>
  Object.is(there, value) ||
  there === value ||
  (Math.abs(value) === Infinity && there === Math.sign(value) * Number.MAX_VALUE);

const inJson = (value: number): MlflowMetric['value'] => {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? value : value > 0 ? 'Infinity' : '-Infinity';
};

/** The server refuses longer values of params; it counts code points. */
const longest = 6000;
const cut = (text: string): string => (text.length <= longest ? text : [...text].slice(0, longest).join(''));

/** Names as the server takes them: other characters become "_", names that are alike then are numbered. */
function legalNames(names: readonly string[]): (name: string) => string {
  const legal = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of new Set(names)) {
    const plain = name.replaceAll(/[^\w\-. :/]/gu, '_').slice(0, 240);
    let made = plain;
    for (let number = 2; taken.has(made); number += 1) made = `${plain}_${number}`;
    taken.add(made);
    legal.set(name, made);
  }
  return (name) => legal.get(name) ?? name;
}

const parts = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, part) =>
    all.slice(part * size, (part + 1) * size),
  );
