import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonText } from '../../src/files/json-text.ts';
import { parseJson } from '../../src/files/json.ts';

test('equals JSON.stringify where JSON can represent the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
      expect(jsonText(value, indent)).toBe(JSON.stringify(value, null, indent));
    }),
  );
});

test('loses no number: NaN and infinities become texts, a bigint keeps all digits', () => {
  expect(jsonText({ a: Number.NaN, b: [-Infinity, Infinity], c: 9007199254740993n, d: undefined })).toBe(
    '{"a":"NaN","b":["-Infinity","Infinity"],"c":9007199254740993}',
  );
  expect(jsonText(new Map([['x', 1]]))).toBe('{"x":1}');
});

test('NaN and infinities are read wherever a number may be, and nowhere else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('NaN', 'Infinity', '-Infinity'), (value, word) => {
      const quoted = `${word} "${word}"`;
      const plain = `"value": ${JSON.stringify(value)}, "text": ${JSON.stringify(quoted)}`;
      const text = `{${plain}, "numbers": [${word}]}`;
      expect(parseJson(text, 'x')).toEqual({
        ok: true,
        value: { value: JSON.parse(JSON.stringify(value)), text: quoted, numbers: [Number(word)] },
      });
    }),
  );
  for (const text of ['-NaN', 'NaN1', '{NaN: 1}', 'Infinity.', '+Infinity', '"NaN', 'nan'])
    expect(parseJson(text, 'x').ok, text).toBe(false);
});
