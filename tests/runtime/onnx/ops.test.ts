import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { compile } from '../compile.ts';
import { openRuntime } from '../../../src/ml/runtime/open-runtime.ts';
import type { HostValue } from '../../../src/ml/runtime/runtime.ts';
import { evaluate } from '../../../src/ml/tensor/dimension.ts';
import type { DType, Node } from '../../../src/ml/tensor/node.ts';
import { inputsFirst } from '../../../src/ml/tensor/walk.ts';
import { differentiated } from '../../tensor/differentiated.ts';
import { feedsOf, largeSizes, middleSizes, opCases, smallSizes } from '../../tensor/op-cases.ts';
import { evaluateNodes, type Values } from '../../tensor/reference-evaluator.ts';

const oneThread = await openRuntime('onnx', { threads: 1 });
const twoThreads = await openRuntime('onnx', { threads: 2 });

describe.each(Object.entries(opCases))('%s and its gradient', (_, cases) => {
  test.each(cases.map((opCase, i) => [i, opCase] as const))(
    'are those of the definition at every size, and the same bytes on one thread and two (case %i)',
    async (__, opCase) => {
      const { result, gradients } = differentiated(opCase);
      const outputs: Record<string, Node> = { result };
      for (const [name, node] of gradients) if (node !== undefined) outputs[`gradient of ${name}`] = node;
      const one = await compile(oneThread, { outputs });
      const two = await compile(twoThreads, { outputs });
      for (const sizes of [smallSizes, middleSizes]) {
        const feeds = withUpstream(
          feedsOf(opCase, sizes),
          evaluateNodes([result], feedsOf(opCase, sizes))[0],
        );
        const [computed, expected] = [
          await one.run(hostValues(feeds)),
          evaluateNodes(Object.values(outputs), feeds),
        ];
        Object.keys(outputs).forEach((name, i) => expectClose(name, computed[name], expected[i]));
      }
      const large = feedsOf(opCase, largeSizes);
      const feeds = hostValues(withUpstream(large, shapeOfResult(result, large)));
      const first = await one.run(feeds);
      for (let run = 0; run < 3; run += 1) expect(bytesOf(await two.run(feeds))).toEqual(bytesOf(first));
      await Promise.all([one.release(), two.release()]);
    },
  );
});

type Feeds = ReturnType<typeof feedsOf>;

/** Adds the weights of the result's elements, for a result of real numbers. */
const withUpstream = (feeds: Feeds, result: { readonly shape: readonly number[] } | undefined): Feeds => {
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
function shapeOfResult(result: Node, feeds: Feeds): { readonly shape: readonly number[] } {
  const sizes = new Map<string, number>();
  for (const node of inputsFirst([result])) {
    if (node.op !== 'Input') continue;
    const fed = feeds[String(node.attributes['name'])];
    node.shape.forEach((size, axis) => typeof size === 'string' && sizes.set(size, fed?.shape[axis] ?? 0));
  }
  return { shape: result.shape.map((size) => evaluate(size, sizes)) };
}

const hostValues = (feeds: Feeds): Record<string, HostValue> =>
  Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, hostValue(value)]));

const bytesOf = (outputs: Readonly<Record<string, HostValue>>): readonly string[] =>
  Object.entries(outputs).map(
    ([name, { data }]) =>
      `${name}: ${createHash('sha256')
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest('hex')}`,
  );

function hostValue({ dtype, shape, data }: Values & { readonly dtype: DType }): HostValue {
  switch (dtype) {
    case 'float32':
      return { dtype, shape, data: Float32Array.from(data) };
    case 'int32':
      return { dtype, shape, data: Int32Array.from(data) };
    case 'uint32':
      return { dtype, shape, data: Uint32Array.from(data) };
    case 'int64':
      return { dtype, shape, data: BigInt64Array.from(data, BigInt) };
    case 'bool':
      return { dtype, shape, data: Uint8Array.from(data) };
  }
}

/** To float32's accuracy, relative to the largest element. */
function expectClose(name: string, got: HostValue | undefined, expected: Values | undefined): void {
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
