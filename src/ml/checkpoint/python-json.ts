import { isJsonList, type Json } from '../../files/json.ts';

/**
 * A value as Python's `json.dumps(value, indent=2, sort_keys=True)` writes it: keys sorted, all but ASCII
 * escaped.
 * `floats` names the fields that Python holds as floats: 1 is written as 1.0 there, as elsewhere only what is
 * no integer.
 */
export function pythonJson(value: Json, floats: readonly string[]): string {
  return encoded(value, '\n', (name) => floats.includes(name), false);
}

function encoded(value: Json, lineEnd: string, isFloat: (name: string) => boolean, float: boolean): string {
  if (typeof value === 'number') return float || !Number.isInteger(value) ? floatText(value) : String(value);
  if (typeof value === 'string') return ascii(value);
  if (value === null || typeof value === 'boolean') return String(value);
  const inner = `${lineEnd}  `;
  if (isJsonList(value))
    return enclosed(
      '[',
      value.map((item) => encoded(item, inner, isFloat, float)),
      ']',
      lineEnd,
    );
  const names = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return enclosed(
    '{',
    names.map((name) => `${ascii(name)}: ${encoded(value[name] ?? null, inner, isFloat, isFloat(name))}`),
    '}',
    lineEnd,
  );
}

function enclosed(open: string, items: readonly string[], close: string, lineEnd: string): string {
  const inner = `${lineEnd}  `;
  return items.length === 0 ? open + close : `${open}${inner}${items.join(`,${inner}`)}${lineEnd}${close}`;
}

const ascii = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * Python's repr: the shortest digits, as JavaScript's, but with an exponent of two digits from 1e16 up and
 * below 1e-4.
 */
function floatText(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16))
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}
