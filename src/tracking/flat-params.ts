import type { Value } from '../stage/context.ts';

/** What trackers can hold of a param; a list is its JSON. */
export type ParamValue = string | number | boolean | null;

/** Params as names and values: those of maps in maps have names joined by ".". */
export const flatParams = (params: Readonly<Record<string, Value>>): Readonly<Record<string, ParamValue>> =>
  Object.fromEntries(Object.entries(params).flatMap(([name, value]) => flat(name, value)));

function flat(name: string, value: Value): readonly (readonly [string, ParamValue])[] {
  if (typeof value !== 'object' || value === null) return [[name, value]];
  if (isList(value)) return [[name, JSON.stringify(value)]];
  const members = Object.entries(value);
  return members.length === 0
    ? [[name, '{}']]
    : members.flatMap(([inner, member]) => flat(`${name}.${inner}`, member));
}

/** `Array.isArray` does not narrow a readonly array. */
const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
