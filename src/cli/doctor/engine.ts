import type { NativeModule } from './native-module.ts';

/** The engine of the stages that compute. It says itself on which device it does. */
export const engine: NativeModule = {
  name: 'onnxruntime-node',
  purpose: 'no model is trained or asked',
  repair: 'npm ci; its library lies in the package for Linux (glibc), macOS and Windows',
  async load() {
    const { openRuntime } = await import('../../ml/runtime/open-runtime.ts');
    const { add } = await import('../../ml/tensor/ops/elementwise.ts');
    const { input } = await import('../../ml/tensor/ops/source.ts');
    const runtime = await openRuntime('onnx', { threads: 1 });
    const session = await runtime.open({
      entries: { add: { outputs: { sum: add(input('x', 'float32', [2]), 1) } } },
    });
    const { sum } = await session.run('add', {
      x: { dtype: 'float32', shape: [2], data: new Float32Array([1, 2]) },
    });
    await session.release();
    if (sum?.data[1] !== 3) throw new Error(`it computes that 2 + 1 is ${String(sum?.data[1])}`);
    return `${runtime.version} computes on ${runtime.device}`;
  },
};
