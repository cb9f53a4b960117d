/**
 * JSON that preserves every number: values that JSON cannot represent (NaN, infinities) are strings of that
 * name, and a bigint has all its digits. Maps are objects. Otherwise as JSON.stringify writes it.
 */
export function jsonText(value: unknown, indent = 0): string {
  return encoded(value, indent, '\n') ?? 'null';
}

function encoded(value: unknown, indent: number, lineEnd: string): string | undefined {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = indent === 0 ? '' : `${lineEnd}${' '.repeat(indent)}`;
  const nested = (member: unknown): string | undefined =>
    encoded(member, indent, indent === 0 ? lineEnd : inner);
  if (Array.isArray(value)) {
    return enclosed(
      '[',
      value.map((member) => nested(member) ?? 'null'),
      ']',
      inner,
      lineEnd,
    );
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const members = entries.flatMap(([name, member]) => {
    const text = nested(member);
    return text === undefined ? [] : [`${JSON.stringify(String(name))}:${indent === 0 ? '' : ' '}${text}`];
  });
  return enclosed('{', members, '}', inner, lineEnd);
}

function enclosed(
  open: string,
  members: readonly string[],
  close: string,
  inner: string,
  lineEnd: string,
): string {
  if (members.length === 0) return open + close;
  return `${open}${inner}${members.join(`,${inner}`)}${inner === '' ? '' : lineEnd}${close}`;
}
