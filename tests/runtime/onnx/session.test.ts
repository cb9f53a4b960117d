import { expect, test } from 'vitest';
import { openSession } from '../../../src/ml/runtime/onnx/session.ts';
import { add, exp } from '../../../src/ml/tensor/ops/elementwise.ts';
import { input } from '../../../src/ml/tensor/ops/source.ts';

const x = input('x', 'float32', [1]);
const feeds = { x: { dtype: 'float32', shape: [1], data: Float32Array.of(0) } } as const;

test('an entry that cannot be compiled fails where it is run, and others can be run and released', async () => {
  const illegal = add(exp(input('x', 'float32', ['n'])), exp(x));
  const session = await openSession(
    { entries: { illegal: { outputs: { y: illegal } }, legal: { outputs: { y: exp(x) } } } },
    { threads: 1 },
  );
  await expect(session.run('illegal', feeds)).rejects.toThrow('the graph is not legal');
  expect(await session.run('legal', feeds)).toMatchObject({ y: { data: Float32Array.of(1) } });
  await session.release();
});
