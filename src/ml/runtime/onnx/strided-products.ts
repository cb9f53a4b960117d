import { flagAt, numbersAt } from '../../tensor/attribute.ts';
import { mapNodes } from '../../tensor/map-nodes.ts';
import type { Graph, Node } from '../../tensor/node.ts';
import { nodeOf } from '../../tensor/shape.ts';

/**
 * The graph with products that read transposed operands where they lie: FusedMatMul reads [rows, batch,
 * inner] as [batch, rows, inner], to the same bits, so that heads need not be moved before attention.
 */
export const stridedProducts = (graph: Graph): Graph => mapNodes(graph, strided);

function strided(node: Node): Node {
  if (node.op !== 'MatMul' || node.inputs.some(({ shape }) => shape.length !== 3)) return node;
  const sources = node.inputs.map(swappedSource);
  if (sources.every((source) => source === undefined)) return node;
  const attributes = {
    ...node.attributes,
    rowsFirstA: flagAt(node.attributes, 'rowsFirstA') !== (sources[0] !== undefined),
    rowsFirstB: flagAt(node.attributes, 'rowsFirstB') !== (sources[1] !== undefined),
  };
  return nodeOf(
    'MatMul',
    node.inputs.map((input, index) => sources[index] ?? input),
    node,
    attributes,
  );
}

/** What a node is with its first two axes swapped, if it is that. */
const swappedSource = ({ op, inputs: [source], attributes }: Node): Node | undefined =>
  op === 'Transpose' && numbersAt(attributes, 'permutation').join() === '1,0,2' ? source : undefined;
