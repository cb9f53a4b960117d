import type { Node } from './node.ts';

/**
 * All nodes that the roots reach, each once, inputs before what uses them. Not recursive: graphs are deep.
 */
export function inputsFirst(roots: readonly Node[]): readonly Node[] {
  const order = new Set<Node>();
  const opened = new Set<Node>();
  const stack = [...roots].reverse();
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const unseen: Node[] = [];
    if (!opened.has(node)) for (const input of node.inputs) if (!order.has(input)) unseen.push(input);
    opened.add(node);
    if (unseen.length > 0) {
      stack.push(...unseen.reverse());
    } else {
      order.add(node);
      stack.pop();
    }
  }
  return [...order];
}
