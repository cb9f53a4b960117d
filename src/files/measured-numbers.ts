import { isJsonList, isJsonObject, type Json } from './json.ts';

/** One number of a metrics file: the names that lead to it, and its value. */
export interface MeasuredNumber {
  readonly path: readonly string[];
  readonly value: number;
  /** The bounds that the file states for it. */
  readonly interval?: readonly [low: number, high: number];
  /** Whether the file calls them a range: the least and the greatest of too few rows for an interval. */
  readonly isRange?: true;
  /** The number of rows that the file states. */
  readonly rows?: number;
}

/** The numbers of a document's maps; lists hold what belongs to a metric, as its interval. */
export const measuredNumbers = (file: Json): readonly MeasuredNumber[] =>
  numbersIn(file, []).map((number) => withRows(withBounds(number, file), file));

function numbersIn(value: Json, path: readonly string[]): readonly MeasuredNumber[] {
  if (typeof value === 'number' && path.length > 0) return [{ path, value }];
  return isJsonObject(value)
    ? Object.entries(value).flatMap(([name, member]) => numbersIn(member, [...path, name]))
    : [];
}

/**
 * The two ways in which a file states an interval: `intervals`, in a map around the metric, repeats the names
 * that lead to it, with a list of two bounds, and `interval_methods` names the method; or a metric is a
 * map of `mean`, `low`, `high` and `method`.
 */
function withBounds(number: MeasuredNumber, file: Json): MeasuredNumber {
  const { path } = number;
  const beside = path.at(-1) === 'mean' ? path.slice(0, -1) : undefined;
  const pair = repeated('intervals', path, file);
  const [low, high] =
    isJsonList(pair) && pair.length === 2
      ? pair
      : beside === undefined
        ? []
        : ['low', 'high'].map((bound) => valueAt(file, [...beside, bound]));
  if (typeof low !== 'number' || typeof high !== 'number') return number;
  const methods = [
    repeated('interval_methods', path, file),
    ...(beside === undefined ? [] : [valueAt(file, [...beside, 'method'])]),
  ];
  return { ...number, interval: [low, high], ...(methods.includes('range') ? { isRange: true } : {}) };
}

/** A count beside a metric, or else in a map around it. */
function withRows(number: MeasuredNumber, file: Json): MeasuredNumber {
  const { path } = number;
  if (rowCounts.includes(path.at(-1) ?? '')) return number;
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const counts = rowCounts.map((name) => valueAt(file, [...path.slice(0, depth), name]));
    const rows = counts.find((count) => typeof count === 'number' && Number.isSafeInteger(count));
    if (typeof rows === 'number') return { ...number, rows };
  }
  return number;
}

/** Names by which metrics files count rows, the field's usual ones. */
const rowCounts: readonly string[] = ['rows', 'n', 'num_samples'];

/** The description of a metric in an enclosing map of this name; the nearest applies. */
function repeated(name: string, path: readonly string[], file: Json): Json | undefined {
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    const found = valueAt(file, [...path.slice(0, depth), name, ...path.slice(depth)]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What names lead to in a document; undefined where they lead nowhere. */
export const valueAt = (file: Json, path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>(
    (value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    file,
  );
