import type { Scale } from '../../ml/metrics/estimate.ts';
import type { Value } from '../../stage/context.ts';
import type { MeasuredValue, ModelAnswer } from '../result-answers.ts';
import { metricScale } from './metric-scale.ts';

/** What one instance measured of a model. */
export interface MeasuredPart {
  readonly instance: string;
  readonly stage: string;
  readonly isCurrent: boolean;
  readonly axes: Readonly<Record<string, Value>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, Value>>;
  /** A bigint where a number would lose digits. */
  readonly values: Readonly<Record<string, number | bigint>>;
  readonly intervals?: Readonly<Record<string, readonly [low: number, high: number]>> | undefined;
  /** Those of them that are the least and the greatest of too few rows, by name. */
  readonly ranges?: readonly string[] | undefined;
  /** Of how many rows they are, where that is known. */
  readonly rows?: Readonly<Record<string, number>> | undefined;
  /** The possible values of its rows, if its name does not imply them. */
  readonly scales?: Readonly<Record<string, Scale>> | undefined;
  readonly adopted?: boolean | undefined;
  /** The metric by which it is the best. */
  readonly best?: string | undefined;
}

/** One row of experiments, of the results that belong to a model. */
export function modelAnswer(model: string, parts: readonly MeasuredPart[]): ModelAnswer {
  // For a model without metrics of its own, its evaluations give the labels.
  const own = parts.find(({ instance }) => instance === model);
  const names = parts.flatMap(({ values }) => Object.keys(values));
  const metrics: Record<string, MeasuredValue> = {};
  for (const { stage, values, intervals = {}, ranges = [], rows = {}, scales = {} } of parts)
    for (const [name, value] of Object.entries(values)) {
      // Describes a metric, and is not a metric itself.
      if (isPartOfEstimate(name, intervals)) continue;
      const isShared = names.filter((other) => other === name).length > 1;
      const shown = isShared ? `${stage}: ${name}` : name;
      const bounds = intervals[name];
      const scale = bounds && (scales[name] ?? metricScale(name, [Number(value), ...bounds]));
      metrics[shown] = {
        value: Number(value),
        low: bounds?.[0],
        high: bounds?.[1],
        isRange: ranges.includes(name) ? true : undefined,
        rows: bounds && rows[name],
        scale,
      };
    }
  return {
    instance: model,
    from: parts.flatMap(({ instance }) => (instance === model ? [] : [instance])),
    best: parts.find(({ best }) => best !== undefined)?.best,
    isAdopted: parts.some(({ adopted }) => adopted === true) ? true : undefined,
    outdated: parts.filter(({ isCurrent }) => !isCurrent).map(({ instance }) => instance),
    axes: (own ?? parts[0])?.axes ?? {},
    labels: (own ?? parts[0])?.labels ?? {},
    params: leavesOf((own ?? parts[0])?.params ?? {}),
    metrics,
  };
}

/** Beside a mean with an interval: its bounds, and how they were found. */
const isPartOfEstimate = (name: string, intervals: NonNullable<MeasuredPart['intervals']>): boolean =>
  !/(^|\.)mean$/.test(name) && Object.hasOwn(intervals, name.replace(/[^.]*$/, 'mean'));

/** A map by paths: {config: {epochs: 6}} as {"config.epochs": 6}. Lists are values. */
export function leavesOf(params: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  const entries = (value: Value, path: string): readonly (readonly [string, Value])[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, member]: [string, Value]) =>
          entries(member, path === '' ? name : `${path}.${name}`),
        )
      : [[path, value]];
  return Object.fromEntries(entries(params, ''));
}
