import type { Located, Range, Report } from '../../diagnostic.ts';
import { limits, tooManyInstances } from '../yaml/guard.ts';
import { type Node, scalarNode } from '../yaml/node.ts';
import type { AxisList } from '../pipeline.ts';
import {
  choice,
  finiteNumber,
  flag,
  map,
  optional,
  record,
  required,
  type Shape,
  text,
  wholeNumber,
} from './shape.ts';

const range: Shape<readonly Node[]> = map(
  record('$range', {
    start: required(finiteNumber, 'the first value'),
    stop: required(finiteNumber, 'the end, not included'),
    step: required(finiteNumber, 'the difference between two values'),
  }),
  ({ start, stop, step, at }, _, report) => {
    if (step.value === 0)
      return refuseAxis('a step of 0 never reaches stop', step.at, report, 'give a step other than 0');
    const scale = Math.max(...[start, stop, step].map(({ value }) => decimalOf(value).places));
    const [first, end, distance] = [start, stop, step].map(({ value }) => scaled(value, scale));
    if (first === undefined || end === undefined || distance === undefined) return undefined;
    const count = (end - first + (distance > 0n ? distance - 1n : distance + 1n)) / distance;
    if (count <= 0n)
      return refuseAxis(
        `this $range has no values: stop is not ${step.value > 0 ? 'above' : 'below'} start`,
        at,
        report,
        'stop is not included',
      );
    if (count > BigInt(limits.instances)) return refuseCount(count, at, report);
    const values = Array.from({ length: Number(count) }, (_unused, index) =>
      scalarNode(unscaled(first + BigInt(index) * distance, scale), at),
    );
    return distinct(values, '$range', at, report);
  },
);

const logspace: Shape<readonly Node[]> = map(
  record('$logspace', {
    from: required(finiteNumber, 'the first value, above 0'),
    to: required(finiteNumber, 'the last value, above 0'),
    count: required(wholeNumber(2), 'how many values, both ends included'),
  }),
  ({ from, to, count, at }, _, report) => {
    const low = [from, to].find(({ value }) => value <= 0);
    if (low !== undefined)
      return refuseAxis('a logarithmic axis has values above 0 only', low.at, report, 'give a positive end');
    if (count.value > limits.instances) return refuseCount(BigInt(count.value), count.at, report);
    const last = count.value - 1;
    const values = Array.from({ length: count.value }, (_unused, index) =>
      scalarNode(index === 0 ? from.value : index === last ? to.value : between(from, to, index / last), at),
    );
    return distinct(values, '$logspace', at, report);
  },
);

/** Both ends are exact; values between them have 6 significant digits. */
const between = (from: Located<number>, to: Located<number>, share: number): number =>
  Number(Math.exp(Math.log(from.value) * (1 - share) + Math.log(to.value) * share).toPrecision(6));

const listAxis = record('an axis with $from', {
  $from: required(
    text,
    'the stage whose out has the values: its instance with the same values of the other axes',
  ),
  out: required(text, 'the name of its out: a JSON list, or JSON Lines in a file named .jsonl'),
  allowEmpty: optional(flag, 'true: the list may be empty, and then there are no instances'),
});

/** An axis that is written as a rule: `{ $range: … }` in place of its values, or the list that holds them. */
export const computedAxis: Shape<AxisRule> = choice(
  'an axis',
  {
    $range: map(
      record('an axis with $range', {
        $range: required(range, 'values from start in equal steps, up to but not including stop'),
      }),
      ({ $range }): AxisRule => ({ kind: 'values', values: $range }),
    ),
    $logspace: map(
      record('an axis with $logspace', {
        $logspace: required(
          logspace,
          'logarithmically spaced values, both ends included, rounded to 6 significant digits',
        ),
      }),
      ({ $logspace }): AxisRule => ({ kind: 'values', values: $logspace }),
    ),
    $from: map(listAxis, ({ $from, out, allowEmpty, at }): AxisRule => ({
      kind: 'list',
      list: { stage: $from, out, allowEmpty: allowEmpty?.value ?? false, at },
    })),
  },
  (node) => axisRules.find((rule) => node.kind === 'map' && node.entries.has(rule)) ?? '$range',
);

/** What such an axis starts with. */
export const axisRules = ['$range', '$logspace', '$from'] as const;

type AxisRule =
  | { readonly kind: 'values'; readonly values: readonly Node[] }
  | { readonly kind: 'list'; readonly list: AxisList };

/** A number as the shortest decimal that reads as it: so that steps of 0.1 are 0.1, 0.2, 0.3. */
function decimalOf(value: number): { readonly digits: bigint; readonly places: number } {
  const [mantissa = '', exponent = '0'] = value.toString().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), places: fraction.length - Number(exponent) };
}

function scaled(value: number, scale: number): bigint {
  const { digits, places } = decimalOf(value);
  return digits * 10n ** BigInt(scale - places);
}

const unscaled = (value: bigint, scale: number): number => Number(`${value}e${-scale}`);

/** Steps that are finer than the numbers that a double can hold give one value twice. */
function distinct(
  values: readonly Node[],
  rule: string,
  at: Range,
  report: Report,
): readonly Node[] | undefined {
  const texts = new Set(values.map((node) => (node.kind === 'scalar' ? node.text : '')));
  if (texts.size === values.length) return values;
  return refuseAxis(
    `two values of this ${rule} are equal after rounding`,
    at,
    report,
    'use fewer values, or ends that are further apart',
  );
}

const refuseAxis = (message: string, at: Range, report: Report, help: string): undefined =>
  void report({ severity: 'error', code: 'bad-axis', message, at, help });

const refuseCount = (count: bigint, at: Range, report: Report): undefined =>
  void report(tooManyInstances(`this axis has ${count} values`, at));
