import type { LazyTensors } from './lazy-tensor.ts';

/** Names and shapes of tensors, in the order in which the model has them. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * The tensors of a model, in the model's order, or all faults: missing tensors and wrong shapes. `unused`
 * names tensors that the model does not have, in the words of a warning.
 */
export function matchTensors(
  tensors: LazyTensors,
  shapes: Shapes,
): {
  readonly tensors: LazyTensors;
  readonly problems: readonly string[];
  readonly unused: readonly string[];
} {
  const matched = [...shapes].flatMap(([name, shape]) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? [] : [[name, tensor, shape] as const];
  });
  const missing = [...shapes.keys()].filter((name) => !tensors.has(name));
  const extra = [...tensors.keys()].filter((name) => !shapes.has(name));
  const misshaped = matched.flatMap(([name, tensor, shape]) =>
    String(tensor.shape) === String(shape)
      ? []
      : [`${name} is [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`],
  );
  return {
    tensors: new Map(matched.map(([name, tensor]) => [name, tensor])),
    problems: [
      ...listed('missing', missing),
      ...listed('not of the shape that the configuration gives', misshaped),
    ],
    unused: listed('not part of the model', extra),
  };
}

function listed(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 20).join('\n  ');
  const rest = names.length > 20 ? `\n  and ${names.length - 20} more` : '';
  return [`${names.length} ${names.length === 1 ? 'tensor is' : 'tensors are'} ${what}:\n  ${shown}${rest}`];
}
