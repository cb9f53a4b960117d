import type { Value } from '../../stage/context.ts';

/**
 * The canonical form of a value: two values have the same text if and only if they are the same. Each part
 * carries a tag and, where its end could be mistaken, its length (strings in UTF-8 bytes, lists and maps in
 * members), so that no two ways of nesting or joining read alike. The names of a map are sorted: their order
 * in the YAML means nothing. A number is written as ECMAScript's shortest form that reads back to it: 1.10
 * and 1.1 are one number, and so are -0 and 0, since the JSON document that a stage gets writes both alike.
 */
export function canonical(value: Value): string {
  if (value === null) return 'n';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number') return `d${numberText(value)};`;
  if (typeof value === 'string') return stringText(value);
  if (isList(value)) return `l${value.length}:${value.map(canonical).join('')}`;
  const names = Object.keys(value).sort(byCodeUnit);
  const pairs = names.map((name) => stringText(name) + canonical(value[name] ?? null));
  return `m${names.length}:${pairs.join('')}`;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`${value} has no canonical form: JSON cannot hold it`);
  return String(value);
}

function stringText(value: string): string {
  if (/\p{Surrogate}/u.test(value))
    throw new Error('a lone surrogate has no canonical form: UTF-8 cannot hold it');
  return `s${Buffer.byteLength(value)}:${value}`;
}

/** `Array.isArray` does not narrow a readonly array. */
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** Whether a value is a map: neither null nor a list. */
export const isMap = (value: Value): value is Readonly<Record<string, Value>> =>
  typeof value === 'object' && value !== null && !isList(value);

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The order of values: null, false, true, numbers by size, strings by UTF-16 code units, lists and then maps
 * member by member. This order does not depend on the order of the YAML.
 */
export function compareValues(a: Value, b: Value): number {
  const [rankA, rankB] = [rank(a), rank(b)];
  if (rankA !== rankB) return rankA - rankB;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return byCodeUnit(a, b);
  return compareLists(members(a), members(b));
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareValues(value, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function rank(value: Value): number {
  if (value === null) return 0;
  switch (typeof value) {
    case 'boolean':
      return value ? 2 : 1;
    case 'number':
      return 3;
    case 'string':
      return 4;
    default:
      return isList(value) ? 5 : 6;
  }
}

/** The members of a list; of a map, its names and values in the order of the names; of a scalar none. */
function members(value: Value): readonly Value[] {
  if (value === null || typeof value !== 'object') return [];
  if (isList(value)) return value;
  return Object.keys(value)
    .sort(byCodeUnit)
    .flatMap((name) => [name, value[name] ?? null]);
}
