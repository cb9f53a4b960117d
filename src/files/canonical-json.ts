import { isJsonList, isJsonObject, type Json } from './json.ts';

/**
 * The canonical text of a JSON value: names sorted by UTF-16 code units, no spaces, numbers and texts as
 * JSON.stringify writes them (as RFC 8785, JSON Canonicalization Scheme). Signatures are over this text.
 */
export function canonicalJson(value: Json): string {
  if (isJsonList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`);
  return `{${members.join(',')}}`;
}
