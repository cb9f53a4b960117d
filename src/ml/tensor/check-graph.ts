import { textAt } from './attribute.ts';
import { namesIn } from './dimension.ts';
import type { Graph, Node } from './node.ts';
import type { OpName } from './op.ts';
import { shapes as activation } from './ops/activation.ts';
import { shapes as elementwise } from './ops/elementwise.ts';
import { shapes as indexing } from './ops/indexing.ts';
import { shapes as layout } from './ops/layout.ts';
import { shapes as loss } from './ops/loss.ts';
import { shapes as matmul } from './ops/matmul.ts';
import { shapes as normalization } from './ops/normalization.ts';
import { shapes as random } from './ops/random.ts';
import { shapes as reduction } from './ops/reduction.ts';
import { shapes as selection } from './ops/selection.ts';
import { shapes as source } from './ops/source.ts';
import type { ShapeRule } from './rule.ts';
import { sameShape, typeText } from './shape.ts';
import { inputsFirst } from './walk.ts';

/**
 * The faults of a graph, one for each line; a legal graph has none. Every node has the type that its op's
 * rule gives, inputs of one name have one type, and each named size is an axis of an input, so that it is
 * known at run time.
 */
export function graphFaults({ outputs }: Graph): readonly string[] {
  const nodes = inputsFirst(Object.values(outputs));
  const inputs = nodes.filter(({ op }) => op === 'Input');
  return [...nodes.flatMap(typeFaults), ...nameFaults(inputs), ...sizeFaults(nodes, inputs)];
}

/** The shape column of every family. */
const rules: Readonly<Record<OpName, ShapeRule>> = {
  ...source,
  ...layout,
  ...elementwise,
  ...reduction,
  ...matmul,
  ...normalization,
  ...activation,
  ...indexing,
  ...loss,
  ...random,
  ...selection,
};

function typeFaults(node: Node): readonly string[] {
  if (!Object.hasOwn(rules, node.op)) return [`unknown op "${node.op}"`];
  const rule = rules[node.op];
  try {
    const type = rule(node.inputs, node.attributes);
    return type.dtype === node.dtype && sameShape(type.shape, node.shape)
      ? []
      : [`${node.op} has type ${typeText(node)}, but its rule gives ${typeText(type)}`];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function nameFaults(inputs: readonly Node[]): readonly string[] {
  const types = new Map<string, Set<string>>();
  for (const node of inputs) {
    const name = textAt(node.attributes, 'name');
    types.set(name, (types.get(name) ?? new Set()).add(typeText(node)));
  }
  return [...types].flatMap(([name, texts]) =>
    texts.size > 1 ? [`the input "${name}" is ${[...texts].join(' and ')}`] : [],
  );
}

function sizeFaults(nodes: readonly Node[], inputs: readonly Node[]): readonly string[] {
  const known = new Set(inputs.flatMap(({ shape }) => shape));
  const sizes = new Set(nodes.flatMap(({ shape }) => shape));
  const used = new Set([...sizes].flatMap(namesIn));
  return [...used]
    .filter((name) => !known.has(name))
    .map((name) => `no input has the size "${name}" as an axis`);
}
