import type { Graph } from '../../src/ml/tensor/node.ts';
import type { Runtime, Values } from '../../src/ml/runtime/runtime.ts';

/** A graph that is fed with everything it reads. */
export interface Program {
  run(feeds: Values): Promise<Values>;
  /** Frees the memory of the device. The program cannot run afterwards. */
  release(): Promise<void>;
}

/** A session of one entry that holds nothing. */
export async function compile(runtime: Runtime, graph: Graph): Promise<Program> {
  const session = await runtime.open({ entries: { graph } });
  return { run: (feeds) => session.run('graph', feeds), release: () => session.release() };
}
