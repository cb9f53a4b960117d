import { describe, expect, test } from 'vitest';
import { compile } from '../compile.ts';
import { openRuntime } from '../../../src/ml/runtime/open-runtime.ts';
import type { Node } from '../../../src/ml/tensor/node.ts';
import { differentiated } from '../../tensor/differentiated.ts';
import { feedsOf, largeSizes, middleSizes, opCases, smallSizes } from '../../tensor/op-cases.ts';
import { bytesOf, expectClose, hostValues, shapeOfResult, withUpstream } from '../op-case-values.ts';
import { evaluateNodes } from '../../tensor/reference-evaluator.ts';

const oneThread = await openRuntime('onnx', { threads: 1 });
const twoThreads = await openRuntime('onnx', { threads: 2 });

describe.each(Object.entries(opCases))('%s and its gradient', (_, cases) => {
  test.each(cases.map((opCase, i) => [i, opCase] as const))(
    'equal the definition at every size, and give the same bytes on one thread and two (case %i)',
    async (__, opCase) => {
      const { result, gradients } = differentiated(opCase);
      const outputs: Record<string, Node> = { result };
      for (const [name, node] of gradients) if (node !== undefined) outputs[`gradient of ${name}`] = node;
      const one = await compile(oneThread, { outputs });
      const two = await compile(twoThreads, { outputs });
      for (const sizes of [smallSizes, middleSizes]) {
        const feeds = withUpstream(
          feedsOf(opCase, sizes),
          evaluateNodes([result], feedsOf(opCase, sizes))[0],
        );
        const [computed, expected] = [
          await one.run(hostValues(feeds)),
          evaluateNodes(Object.values(outputs), feeds),
        ];
        Object.keys(outputs).forEach((name, i) => expectClose(name, computed[name], expected[i]));
      }
      const large = feedsOf(opCase, largeSizes);
      const feeds = hostValues(withUpstream(large, shapeOfResult(result, large)));
      const first = await one.run(feeds);
      for (let run = 0; run < 3; run += 1) expect(bytesOf(await two.run(feeds))).toEqual(bytesOf(first));
      await Promise.all([one.release(), two.release()]);
    },
  );
});
