import { gradients } from '../autodiff/gradients.ts';
import type { Node } from '../tensor/node.ts';
import { add, multiply, stopGradient } from '../tensor/ops/elementwise.ts';
import { reduceSum } from '../tensor/ops/layout.ts';
import { inputsFirst } from '../tensor/walk.ts';
import type { LayerBuilder, Mt5Trace } from './mt5-trace.ts';
import { controlDependency } from './control-dependency.ts';

/** A trace that remembers how its layers are built, and the gradients of a loss that was built with it. */
export interface CheckpointedTrace {
  readonly traced: Mt5Trace;
  /**
   * As `gradients` of the same loss over the plain trace: the same numbers, with less of the way there kept
   * in memory.
   */
  readonly gradientsOf: typeof gradients;
}

/**
 * Gradient checkpointing (Chen et al. 2016): only what enters a layer is kept; on the way back the layer is
 * built once more, and what is inside it lives until its gradients are there. The second build depends on the
 * gradient that comes to the layer's output, so that no engine can run it early, or take it for the first.
 */
export function checkpointedTrace(trace: Mt5Trace): CheckpointedTrace {
  const layers: { readonly build: LayerBuilder; readonly output: Node }[] = [];
  const traced: Mt5Trace = {
    ...trace,
    layer: (build) => {
      const output = stopGradient(build(trace, stopGradient));
      layers.push({ build, output });
      return output;
    },
  };
  const gradientsOf = (loss: Node, of: readonly Node[]): readonly (Node | undefined)[] => {
    const outputs = layers.map(({ output }) => output);
    const sums = new Map<Node, Node>();
    const collect = (nodes: readonly Node[], found: readonly (Node | undefined)[]): void =>
      nodes.forEach((node, index) => {
        const [before, gradient] = [sums.get(node), found[index]];
        if (gradient !== undefined) sums.set(node, before === undefined ? gradient : add(before, gradient));
      });
    collect([...outputs, ...of], gradients(loss, [...outputs, ...of]));

    // Inputs of layers that no layer computes: biases and embeddings.
    const between = new Set<Node>();
    for (const { build, output } of layers.toReversed()) {
      const upstream = sums.get(output);
      if (upstream === undefined) continue;
      // Sums over layers are barriers too, such as the sum of the gradients that the decoder's layers send to
      // the encoder's output: otherwise an engine that schedules lazily would keep every layer's term.
      const waiting = [...outputs.slice(0, outputs.indexOf(output)), ...between];
      const wait = controlDependency([upstream, ...waiting.flatMap((node) => sums.get(node) ?? [])]);
      const placeholders = new Map<Node, Node>();
      const outside = (node: Node, shared?: 'shared'): Node => {
        const placeholder = placeholders.get(node) ?? stopGradient(shared === undefined ? wait(node) : node);
        placeholders.set(node, placeholder);
        return placeholder;
      };
      const again = build({ ...trace, dropout: (x, site) => trace.dropout(x, site, wait) }, outside);
      const entering = [...placeholders.keys()].filter(
        (node) => outputs.includes(node) || dependsOn(node, of),
      );
      for (const node of entering) if (!outputs.includes(node) && !of.includes(node)) between.add(node);
      collect(
        [...entering, ...of],
        pulledBack([[again, upstream]], [...entering.map((node) => placeholders.get(node) ?? node), ...of]),
      );
    }
    const rest = [...between].flatMap((node) => {
      const gradient = sums.get(node);
      return gradient === undefined ? [] : [[node, gradient] as const];
    });
    if (rest.length > 0) collect(of, pulledBack(rest, of));
    return of.map((node) => sums.get(node));
  };
  return { traced, gradientsOf };
}

/** The gradients that come to `of` when those of some nodes are known. */
function pulledBack(
  known: readonly (readonly [node: Node, gradient: Node])[],
  of: readonly Node[],
): readonly (Node | undefined)[] {
  const products = known.map(([node, gradient]) => reduceSum(multiply(node, stopGradient(gradient))));
  const [first, ...others] = products;
  return first === undefined ? [] : gradients(others.reduce(add, first), of);
}

const dependsOn = (node: Node, of: readonly Node[]): boolean =>
  inputsFirst([node]).some((each) => of.includes(each));
