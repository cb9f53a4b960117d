import { broadcastSizes } from '../../tensor/broadcast-sizes.ts';
import { elementCount } from '../../element-count.ts';
import { numberAt, numbersAt, textAt } from '../../tensor/attribute.ts';
import { mapNodes } from '../../tensor/map-nodes.ts';
import type { Graph, Node } from '../../tensor/node.ts';
import { hashCombineOf } from '../../tensor/ops/random.ts';
import { input } from '../../tensor/ops/source.ts';
import { inputsFirst } from '../../tensor/walk.ts';
import type { Values } from '../runtime.ts';
import type { DrawMasks } from './kernels/draw-masks.ts';

/** A dropout mask that is drawn before a graph runs. */
export interface DrawnMask {
  /** The input that it is fed as. */
  readonly input: Node;
  /** The hashes of the masked positions: [..., 1] of rows, [n] of columns. */
  readonly rows: Node;
  readonly columns: Node;
  readonly axis: number;
  readonly probability: number;
}

/**
 * The graph with its dropout masks as inputs: onnxruntime would take a pass for each operation that draws
 * them, a kernel takes one for all. Masks that are fed are in memory together, as those of a forward pass are
 * anyway. Where gradient checkpointing draws them again on the way back, which only works in the graph, all
 * stay in it.
 */
export function takeOutMasks(graph: Graph): { readonly graph: Graph; readonly masks: readonly DrawnMask[] } {
  const drawn = inputsFirst(Object.values(graph.outputs)).filter(({ op }) => op === 'KeepMaskOfHalves');
  const masks = new Map(
    drawn.flatMap((node, index) => {
      const mask = drawnMask(node, `mask:${index}`);
      return mask === undefined ? [] : [[node, mask] as const];
    }),
  );
  if (masks.size < drawn.length) return { graph, masks: [] };
  return { graph: mapNodes(graph, (node) => masks.get(node)?.input ?? node), masks: [...masks.values()] };
}

function drawnMask(node: Node, name: string): DrawnMask | undefined {
  const [bits] = node.inputs;
  const [rows, columns] = bits?.op === 'Draw' ? bits.inputs : [];
  if (rows === undefined || columns === undefined) return undefined;
  const isTable = rows.shape.at(-1) === 1 && columns.shape.length === 1;
  if (!isTable || !inputsFirst([rows, columns]).every(isHashed)) return undefined;
  return {
    input: input(name, node.dtype, node.shape),
    rows,
    columns,
    axis: numberAt(node.attributes, 'axis'),
    probability: numberAt(node.attributes, 'probability'),
  };
}

/** Can `wordsOf` compute it? */
function isHashed({ op, shape }: Node): boolean {
  if (op === 'Reshape') return shape.filter((size) => typeof size === 'string').length < 2;
  return op === 'Input' || op === 'Constant' || op === 'HashCombine';
}

/** Draws the masks for the feeds of a run, under the names of their inputs. */
export function maskDrawer(masks: readonly DrawnMask[], draw: DrawMasks): (feeds: Values) => Values {
  const nodes = inputsFirst(masks.flatMap(({ rows, columns }) => [rows, columns]));
  const fixed = new Map<Node, Words>();
  for (const node of nodes)
    if (node.op === 'Constant' || (node.inputs.length > 0 && node.inputs.every((each) => fixed.has(each))))
      fixed.set(node, wordsOf(node, fixed, {}));

  return (feeds) => {
    const words = new Map(fixed);
    for (const node of nodes) if (!words.has(node)) words.set(node, wordsOf(node, words, feeds));
    const found = masks.map(({ rows, columns, axis, probability }) => {
      const [ofRows, ofColumns] = [wordsAt(words, rows), wordsAt(words, columns)];
      const shape = [...ofRows.shape.slice(0, -1), ofColumns.data.length];
      const blocks = elementCount(shape.slice(0, axis));
      const mask = { rows: ofRows.data, columns: ofColumns.data, blocks, probability };
      return { shape: shape.with(axis, 2 * (shape[axis] ?? 0)), mask };
    });
    const data = draw(found.map(({ mask }) => mask));
    return Object.fromEntries(
      masks.map(({ input: { attributes } }, index) => [
        textAt(attributes, 'name'),
        { dtype: 'float32', shape: found[index]?.shape ?? [], data: data[index] ?? new Float32Array(0) },
      ]),
    );
  };
}

interface Words {
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

/** The value of a node that is part of a hash, from the values of its inputs. */
function wordsOf(node: Node, words: ReadonlyMap<Node, Words>, feeds: Values): Words {
  const { op, attributes, shape } = node;
  const [left, right] = node.inputs.map((each) => wordsAt(words, each));
  if (op === 'Constant')
    return { shape: numbersAt(attributes, 'shape'), data: Int32Array.from(numbersAt(attributes, 'values')) };
  if (left === undefined) {
    const feed = feeds[textAt(attributes, 'name')];
    if (feed?.dtype !== 'int32') throw new Error(`hashes are made of int32 feeds, not of ${feed?.dtype}`);
    return feed;
  }
  if (right !== undefined) return combined(left, right);
  const known = elementCount(shape.map((size) => (typeof size === 'number' ? size : 1)));
  const named = left.data.length / known;
  return { shape: shape.map((size) => (typeof size === 'number' ? size : named)), data: left.data };
}

/** HashCombine of two tensors that broadcast. `as number`: the indices are in range by construction. */
function combined(left: Words, right: Words): Words {
  const shape = broadcastSizes([left.shape, right.shape]);
  const [ofLeft, ofRight] = [stridesIn(left.shape, shape), stridesIn(right.shape, shape)];
  const data = new Int32Array(elementCount(shape));
  const place = new Int32Array(shape.length);
  let [l, r] = [0, 0];
  for (let index = 0; index < data.length; index += 1) {
    data[index] = hashCombineOf(left.data[l] as number, right.data[r] as number);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const size = shape[axis] as number;
      l += ofLeft[axis] as number;
      r += ofRight[axis] as number;
      place[axis] = (place[axis] as number) + 1;
      if ((place[axis] as number) < size) break;
      place[axis] = 0;
      l -= size * (ofLeft[axis] as number);
      r -= size * (ofRight[axis] as number);
    }
  }
  return { shape, data };
}

/** How far apart neighbours on each axis of `whole` lie in what broadcasts to it: 0 where it repeats. */
function stridesIn(shape: readonly number[], whole: readonly number[]): readonly number[] {
  const strides = whole.map(() => 0);
  let stride = 1;
  for (let fromEnd = 1; fromEnd <= shape.length; fromEnd += 1) {
    const size = shape[shape.length - fromEnd] ?? 1;
    if (size !== 1) strides[whole.length - fromEnd] = stride;
    stride *= size;
  }
  return strides;
}

function wordsAt(words: ReadonlyMap<Node, Words>, node: Node): Words {
  const found = words.get(node);
  if (found === undefined) throw new Error(`${node.op} is used before it is computed`);
  return found;
}
