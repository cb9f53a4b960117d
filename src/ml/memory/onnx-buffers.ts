import { elementBytes } from '../runtime/raw-data.ts';
import type { OnnxNode } from '../runtime/onnx/model-proto.ts';
import type { Sized } from './onnx-sizes.ts';

/**
 * The value whose buffer each computed value lies in, as onnxruntime plans it before it runs
 * (core/framework/allocation_planner.cc of 1.30). A value takes over the buffer of one that is not needed any
 * more and is known to have its shape. So a buffer stays allocated until the last of its values was used,
 * also between two of them.
 */
export function onnxBuffers(
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
  shapes: ReadonlyMap<string, Sized>,
): ReadonlyMap<string, string> {
  const uses = new Map<string, number>();
  const use = (name: string, count: number): number => {
    const left = (uses.get(name) ?? 0) + count;
    uses.set(name, left);
    return left;
  };
  for (const name of [...nodes.flatMap(namesOf), ...outputs]) use(name, 1);

  const isOutput = new Set(outputs);
  const buffers = new Map<string, string>();
  const free = new Map<string, string[]>();
  const takenOver = ({ operator, inputs: [first = ''] }: OnnxNode, name: string): string | undefined => {
    if (isOutput.has(name)) return undefined;
    const source = buffers.get(first);
    if (views.has(operator)) return source ?? first;
    const kind = kindOf(shapes.get(name));
    if (kind === undefined) return undefined;
    const isLastUse = source !== undefined && uses.get(source) === 1;
    if (isLastUse && inPlace.has(operator) && kindOf(shapes.get(first)) === kind) return source;
    return free.get(kind)?.pop();
  };
  for (const node of nodes) {
    for (const name of node.outputs) {
      const buffer = takenOver(node, name) ?? name;
      buffers.set(name, buffer);
      if (buffer !== name) use(buffer, uses.get(name) ?? 0);
    }
    for (const name of namesOf(node)) {
      const buffer = buffers.get(name);
      const kind = buffer === undefined ? undefined : kindOf(shapes.get(buffer));
      if (buffer === undefined || use(buffer, -1) > 0 || kind === undefined) continue;
      free.set(kind, [...(free.get(kind) ?? []), buffer]);
    }
  }
  return buffers;
}

const namesOf = ({ inputs, outputs }: OnnxNode): readonly string[] => [...inputs, ...outputs];

/** Operators whose output lies where their first input does. */
const views: ReadonlySet<string> = new Set(['Reshape', 'Identity']);

/** Operators that may write over their first input. */
const inPlace: ReadonlySet<string> = new Set([
  'Sigmoid',
  'Tanh',
  'com.microsoft.FastGelu',
  'ScatterElements',
]);

/** What the values have in common that can take over each other's buffers: none if a size is not known. */
function kindOf(sized: Sized | undefined): string | undefined {
  if (sized === undefined || sized.shape.length === 0 || sized.shape.some(Number.isNaN)) return undefined;
  return `${elementBytes[sized.dtype]}: ${sized.shape.join()}`;
}
