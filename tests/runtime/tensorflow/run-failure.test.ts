import { expect, test } from 'vitest';
import { runCall } from '../../../src/ml/runtime/tensorflow/entries.ts';
import { runFailure } from '../../../src/ml/runtime/tensorflow/run-failure.ts';
import { zeroGroups } from '../../../src/ml/runtime/tensorflow/variable-groups.ts';
import { matmul } from '../../../src/ml/tensor/ops/matmul.ts';
import { input } from '../../../src/ml/tensor/ops/source.ts';
import { isReported } from '../../../src/reported-error.ts';
import { openTensorflow, tensorflow } from '../runtimes.ts';

const sizes = new Map([
  ['batch', 8],
  ['source', 512],
]);

test.each([
  [
    'Session fail to run with error: OOM when allocating tensor with shape[8,12,512,512]',
    /out of memory \(batch = 8, source = 512\): lower "batch" \(8 rows did not fit: try 4\) and raise "accumulation"/,
  ],
  ['RESOURCE_EXHAUSTED: failed to allocate 2.0GiB', /gradientCheckpointing: true/],
  [
    'OOM when allocating tensor with shape[8,12,512,512] and type float on ' +
      '/job:localhost/replica:0/task:0/device:GPU:1 by allocator GPU_1_bfc',
    /out of memory on GPU 1 when it asked for 96\.0 MiB for a tensor \[8,12,512,512\] .*8 rows did not fit: try 4\)/,
  ],
  ['CUDA_ERROR_OUT_OF_MEMORY', /out of memory/],
  ['std::bad_alloc', /out of memory/],
  [
    "No OpKernel was registered to support Op 'MatMul' used by {{node n7}} with these attrs: [T=DT_BFLOAT16]",
    /no kernel of the op "MatMul" .*`pipeline setup tensorflow`/,
  ],
  ['CUDA_ERROR_NO_BINARY_FOR_GPU: no kernel image is available', /does not support this GPU/],
  ['CUDA driver version is insufficient for CUDA runtime version', /^the NVIDIA driver is too old/],
  [
    'CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure',
    /^the GPU failed .*run again to resume from the last checkpoint/,
  ],
  [
    'Session fail to run with error: Incompatible shapes',
    /^TensorFlow could not run the graph \(batch = 8, source = 512\): .*Incompatible shapes/,
  ],
])('%s: what happened, at which sizes, and what to do', (message, text) => {
  expect(runFailure(new Error(message), sizes).message).toMatch(text);
});

test('what is understood is a failure of the stage, the rest may be a bug and keeps its stack', () => {
  expect(isReported(runFailure(new Error('CUDA_ERROR_ILLEGAL_ADDRESS'), sizes))).toBe(true);
  expect(isReported(runFailure(new Error('Incompatible shapes'), sizes))).toBe(false);
});

test('long messages of TensorFlow are shortened to one line', () => {
  const text = runFailure(new Error(`${'x'.repeat(5000)}\nsecond line`), new Map()).message;
  expect(text.length).toBeLessThan(400);
  expect(text).not.toContain('\n');
});

test('a failed run changes no shape of held values, and names its sizes', () => {
  const shapes = new Map();
  const call = {
    scope: {
      fed: new Map([['x', { name: 'x', dtype: 'float32', shape: ['batch'], node: 'n0' } as const]]),
      sizeVectors: new Map(),
      reads: new Map(),
    },
    outputs: [],
    done: [],
    shapes: { cache: ['batch'] },
  };
  const failing = {
    run: () => {
      throw new Error('OOM when allocating tensor');
    },
    release: () => undefined,
  };
  const x = { dtype: 'float32', shape: [3], data: new Float32Array(3) } as const;
  expect(() => runCall(failing, call, { x }, shapes)).toThrow(/out of memory \(batch = 3\)/);
  expect(shapes.size).toBe(0);
});

test('running out of memory while moving weights does not suggest a smaller batch', () => {
  const failing = {
    run: () => {
      throw new Error('OOM when allocating tensor');
    },
    release: () => undefined,
  };
  const node = { node: 'zeroed', dtype: 'int32' } as const;
  const zero = () => zeroGroups(failing, [{ members: [], assigned: node, zeroed: node, zeros: [] }]);
  expect(zero).toThrow(/out of memory: not even the weights and the optimizer state fit/);
});

test.skipIf(tensorflow.isMissing)(
  `memory that no machine has: the words of the library are understood (${tensorflow.name})`,
  async () => {
    const product = matmul(input('column', 'float32', ['batch', 1]), input('row', 'float32', [1, 'length']));
    const session = await (await openTensorflow()).open({ entries: { product: { outputs: { product } } } });
    const length = 2 ** 22;
    const data = new Float32Array(length);
    const run = session.run('product', {
      column: { dtype: 'float32', shape: [length, 1], data },
      row: { dtype: 'float32', shape: [1, length], data },
    });
    await expect(run).rejects.toThrow(
      /out of memory on the CPU when it asked for 67108864\.0 MiB for a tensor \[4194304,4194304\].*try 2097152\)/,
    );
    await session.release();
  },
);
