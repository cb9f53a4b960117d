import type { Value } from '../../../stage/context.ts';
import type { ChangedParam } from '../../answers/runs.ts';
import type { InstanceId } from '../../identity.ts';

type Params = Readonly<Record<string, Value>>;

/**
 * The params of an instance that have another value than before, nested names joined by ".". None where the
 * earlier ones are not known: a results file names keys alone, and this cache may not know them.
 */
export function changedParams(instance: InstanceId, before: Params, after: Params): readonly ChangedParam[] {
  if (Object.keys(before).length === 0) return [];
  const [old, now] = [flatParams(before), flatParams(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((param) => {
    const [was, is] = [old.get(param), now.get(param)];
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ instance, param, before: was, after: is }];
  });
}

/** By path: `config.learningRate`. */
export function flatParams(params: Params): ReadonlyMap<string, Value> {
  const entries = (value: Value, path: string): readonly (readonly [string, Value])[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, member]: [string, Value]) =>
          entries(member, path === '' ? name : `${path}.${name}`),
        )
      : [[path, value]];
  return new Map(entries(params, ''));
}
