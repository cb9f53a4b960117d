import type { NativeModule } from './native-module.ts';
import { packageManager } from './package-manager.ts';

/** The engine of the computing stages, which reports its device. */
export const engine: NativeModule = {
  name: 'onnxruntime-node',
  purpose: 'models cannot be trained or used',
  repair: `${packageManager.install}; the package contains the library for Linux (glibc), macOS and Windows`,
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
    if (sum?.data[1] !== 3) throw new Error(`it computes 2 + 1 = ${String(sum?.data[1])}`);
    return `${runtime.version} computes on ${runtime.device}`;
  },
};
