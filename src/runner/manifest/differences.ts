import type { Value } from '../../stage/context.ts';
import { canonical, isList } from './canonical.ts';
import { manifestValue } from './key-of.ts';
import type { Manifest } from './manifest.ts';
import type { Difference } from './reason.ts';

/**
 * Field by field, old and new, in the order of the manifest's fields. Empty if and only if the keys are
 * equal: keys decide, this explains, and no flag has to be kept in step with either.
 */
export function differences(before: Manifest, after: Manifest): readonly Difference[] {
  return compare([], manifestValue(before), manifestValue(after));
}

function compare(
  field: readonly string[],
  before: Value | undefined,
  after: Value | undefined,
): readonly Difference[] {
  if (before !== undefined && after !== undefined) {
    if (canonical(before) === canonical(after)) return [];
    if (isMap(before) && isMap(after) && before['kind'] === after['kind']) {
      const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
      return names.flatMap((name) => compare([...field, name], own(before, name), own(after, name)));
    }
  }
  return [{ kind: 'changed', field, before, after }];
}

type ValueMap = Readonly<Record<string, Value>>;

const isMap = (value: Value): value is ValueMap =>
  typeof value === 'object' && value !== null && !isList(value);

const own = (map: ValueMap, name: string): Value | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;
