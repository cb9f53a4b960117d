import type { Graph, Node } from './node.ts';
import { nodeOf } from './shape.ts';
import { inputsFirst } from './walk.ts';

/**
 * The graph with each node replaced by the result of `map`, inputs before their users: `map` receives a node
 * over the already mapped inputs. Unchanged nodes are the same objects.
 */
export function mapNodes({ outputs }: Graph, map: (node: Node) => Node): Graph {
  const mapped = new Map<Node, Node>();
  const mappedOf = (node: Node): Node => mapped.get(node) ?? node;
  for (const node of inputsFirst(Object.values(outputs))) {
    const inputs = node.inputs.map(mappedOf);
    const isSame = inputs.every((input, i) => input === node.inputs[i]);
    mapped.set(node, map(isSame ? node : nodeOf(node.op, inputs, node, node.attributes)));
  }
  return {
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, mappedOf(node)])),
  };
}
