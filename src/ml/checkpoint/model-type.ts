import type { Json, JsonObject } from '../../files/json.ts';

/**
 * The family of a model, by `model_type`, or in files that are older than that field by the name of its
 * class.
 */
export function modelTypeOf(json: JsonObject): string | undefined {
  const named = json['model_type'];
  if (typeof named === 'string') return named;
  const classes = json['architectures'];
  const first: Json | undefined = Array.isArray(classes) ? classes[0] : undefined;
  return typeof first === 'string'
    ? /^(UMT5|MT5|T5|Bert)(?=[A-Z])/.exec(first)?.[1]?.toLowerCase()
    : undefined;
}
