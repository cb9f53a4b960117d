import { isJsonObject, type Json, type JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import type { Engines } from '../../stage/define-stage.ts';
import { describeBundles } from '../executors/describe-bundles.ts';

/** What a stage program declares. */
export interface Description {
  /** JSON Schema. */
  readonly params: JsonObject;
  /** A name that ends in "?" may be left out. */
  readonly deps: readonly string[];
  readonly outs: readonly string[];
  readonly packages: readonly string[];
  /** Null: it has none. */
  readonly engines: Engines | null;
}

/**
 * Loads bundles in a separate process and returns their declarations, one for each bundle, in their order.
 */
export async function describeAll(
  stageChild: string,
  root: string,
  bundles: readonly string[],
): Promise<readonly Result<Description>[]> {
  if (bundles.length === 0) return [];
  const { lines, printed } = await describeBundles(stageChild, root, bundles);
  return bundles.map((_, index): Result<Description> => parseAnswer(lines[index], printed));
}

function parseAnswer(line: string | undefined, printed: string): Result<Description> {
  if (line === undefined)
    return { ok: false, error: `it ended while it was loaded: ${printed.slice(-2000)}` };
  const answer: Json = JSON.parse(line);
  if (isDescription(answer)) return { ok: true, value: answer };
  const error = isJsonObject(answer) ? answer['error'] : undefined;
  return {
    ok: false,
    error:
      typeof error === 'string'
        ? error
        : 'its stage declares no params, deps and outs: write `export const stage = defineStage({ … })`',
  };
}

/** Whether a value has the form of a description. */
export const isDescription = (value: Json | undefined): value is Json & Description =>
  isJsonObject(value) &&
  isJsonObject(value['params']) &&
  isNames(value['deps']) &&
  isNames(value['outs']) &&
  isNames(value['packages']) &&
  (value['engines'] === null || isEngines(value['engines']));

const isEngines = (value: Json | undefined): boolean =>
  isJsonObject(value) &&
  typeof value['by'] === 'string' &&
  isJsonObject(value['programs']) &&
  isNames(Object.values(value['programs'])) &&
  (value['installed'] === undefined || isNames(value['installed'])) &&
  (value['device'] === undefined || typeof value['device'] === 'string') &&
  (value['auto'] === undefined ||
    (isJsonObject(value['auto']) && isNames([value['auto']['cuda'] ?? null, value['auto']['cpu'] ?? null])));

const isNames = (value: Json | undefined): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');
