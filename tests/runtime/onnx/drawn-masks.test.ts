import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashedDropout } from '../../../src/ml/model/mt5-dropout.ts';
import { trainingGraph } from '../../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../../src/ml/model/mt5-trace.ts';
import { maskDrawer, takeOutMasks } from '../../../src/ml/runtime/onnx/drawn-masks.ts';
import { createMaskKernel } from '../../../src/ml/runtime/onnx/kernels/draw-masks.ts';
import { openRuntime } from '../../../src/ml/runtime/open-runtime.ts';
import type { HostValue } from '../../../src/ml/runtime/runtime.ts';
import type { Dimension } from '../../../src/ml/tensor/node.ts';
import { multiply } from '../../../src/ml/tensor/ops/elementwise.ts';
import { reshape } from '../../../src/ml/tensor/ops/layout.ts';
import { draw, hashCombine, keepMaskOfHalves } from '../../../src/ml/tensor/ops/random.ts';
import { constant, input } from '../../../src/ml/tensor/ops/source.ts';
import { inputsFirst } from '../../../src/ml/tensor/walk.ts';
import { tinyConfig } from '../../model/tiny-model.ts';
import { compile } from '../compile.ts';

describe('masks that are drawn outside have the bits of those in the graph', async () => {
  const keys = input('keys', 'int32', ['rows']);
  const [queries, positions] = [input('queries', 'int32', ['q']), input('keys.positions', 'int32', ['k'])];
  const axis = (size: number) => constant([...Array(size).keys()], [size], 'int32');
  const column = (node: typeof keys, size: Dimension) => reshape(node, [size, 1]);
  const ofTokens = keepMaskOfHalves(
    draw(
      hashCombine(column(keys, 'rows'), constant(-7, [], 'int32')),
      hashCombine(constant(9, [], 'int32'), axis(11)),
    ),
    0.1,
    1,
  );
  const ofHeads = hashCombine(reshape(keys, ['rows', 1, 1, 1]), reshape(axis(3), [1, 3, 1, 1]));
  const ofScores = keepMaskOfHalves(
    draw(hashCombine(ofHeads, column(queries, 'q')), hashCombine(constant(5, [], 'int32'), positions)),
    0.6,
    1,
  );
  const outputs = { tokens: multiply(ofTokens, 1), scores: multiply(ofScores, 1) };
  const inGraph = await compile(await openRuntime('onnx', { threads: 1 }), { outputs });
  const { graph, masks } = takeOutMasks({ outputs });
  const outside = await compile(await openRuntime('onnx', { threads: 1 }), graph);
  const drawOutside = maskDrawer(masks, createMaskKernel());

  test('whatever the numbers of rows and columns, in memory that is used again', async () => {
    expect(masks).toHaveLength(2);
    const words = fc.int32Array({ minLength: 1, maxLength: 9, min: -(2 ** 31), max: 2 ** 31 - 1 });
    await fc.assert(
      fc.asyncProperty(words, words, words, async (ofKeys, ofQueries, ofPositions) => {
        const feeds = {
          keys: vector(ofKeys),
          queries: vector(ofQueries),
          'keys.positions': vector(ofPositions),
        };
        expect(await outside.run({ ...feeds, ...drawOutside(feeds) })).toEqual(await inGraph.run(feeds));
      }),
    );
  });
});

describe('of a training', () => {
  const trace = { ...plainTrace(tinyConfig), dropout: hashedDropout };
  const of = (gradientCheckpointing: boolean) =>
    trainingGraph(trace, trace.parameters, { gradientCheckpointing }).graph;

  test('all masks are drawn outside', () => {
    const { graph, masks } = takeOutMasks(of(false));
    const left = inputsFirst(Object.values(graph.outputs)).filter(({ op }) => op === 'Draw');
    expect(left).toEqual([]);
    expect(masks.length).toBeGreaterThan(10);
  });

  test('none is where gradient checkpointing draws them a second time, so that they are not kept', () => {
    const graph = of(true);
    expect(takeOutMasks(graph)).toEqual({ graph, masks: [] });
  });
});

const vector = (data: Int32Array): HostValue => ({ dtype: 'int32', shape: [data.length], data });
