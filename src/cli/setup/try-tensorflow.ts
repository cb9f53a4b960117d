import type { TrainingRuntime } from '../../ml/runtime/runtime.ts';

/** Loads the engine of a folder, and lets it multiply. Throws what went wrong. */
export async function tryTensorflow(folder: string, device: 'cpu' | 'cuda'): Promise<TrainingRuntime> {
  const { openRuntime } = await import('../../ml/runtime/open-runtime.ts');
  const { matmul } = await import('../../ml/tensor/ops/matmul.ts');
  const { input } = await import('../../ml/tensor/ops/source.ts');
  const runtime = await openRuntime('tensorflow', { threads: 1, folder, device });
  const x = input('x', 'float32', [2, 2]);
  const session = await runtime.open({ entries: { square: { outputs: { square: matmul(x, x) } } } });
  const { square } = await session.run('square', {
    x: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  });
  await session.release();
  const product = Array.from(square?.data ?? [], Number).join();
  if (product !== '7,10,15,22')
    throw new Error(`it computes [1 2; 3 4] squared as ${product}, expected 7,10,15,22`);
  return runtime;
}
