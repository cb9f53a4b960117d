import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import { evaluate } from '../../src/ml/tensor/dimension.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { inputsFirst } from '../../src/ml/tensor/walk.ts';
import type { feedsOf } from '../tensor/op-cases.ts';
import type { Values } from '../tensor/reference-evaluator.ts';
import { hostValue } from './host-value.ts';

/** What a case of an op is fed with. */
export type OpFeeds = ReturnType<typeof feedsOf>;

/** Adds the weights of the result's elements, for a result of real numbers. */
export const withUpstream = (
  feeds: OpFeeds,
  result: { readonly shape: readonly number[] } | undefined,
): OpFeeds => {
  const shape = result?.shape ?? [];
  const length = shape.reduce((product, size) => product * size, 1);
  return {
    ...feeds,
    upstream: {
      dtype: 'float32',
      shape,
      data: Array.from({ length }, (_, i) => Math.fround(Math.sin(i + 1))),
    },
  };
};

/** The result's shape without computing it. */
export function shapeOfResult(result: Node, feeds: OpFeeds): { readonly shape: readonly number[] } {
  const sizes = new Map<string, number>();
  for (const node of inputsFirst([result])) {
    if (node.op !== 'Input') continue;
    const fed = feeds[String(node.attributes['name'])];
    node.shape.forEach((size, axis) => typeof size === 'string' && sizes.set(size, fed?.shape[axis] ?? 0));
  }
  return { shape: result.shape.map((size) => evaluate(size, sizes)) };
}

export const hostValues = (feeds: OpFeeds): Record<string, HostValue> =>
  Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, hostValue(value.dtype, value)]));

export const bytesOf = (outputs: Readonly<Record<string, HostValue>>): readonly string[] =>
  Object.entries(outputs).map(
    ([name, { data }]) =>
      `${name}: ${createHash('sha256')
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest('hex')}`,
  );

/** To float32's accuracy, relative to the largest element. */
export function expectClose(name: string, got: HostValue | undefined, expected: Values | undefined): void {
  expect(got?.shape, name).toEqual(expected?.shape);
  const [values, wanted] = [Array.from(got?.data ?? [], Number), expected?.data ?? []];
  const tolerance =
    got?.dtype === 'float32'
      ? 5e-6 * wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3)
      : 0;
  const worst = values.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? Number.NaN))),
    0,
  );
  expect(worst, name).toBeLessThanOrEqual(tolerance);
}
