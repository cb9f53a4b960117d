import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/ml/tensor/node.ts';
import { differentiated } from '../../tensor/differentiated.ts';
import { feedsOf, largeSizes, middleSizes, opCases, smallSizes } from '../../tensor/op-cases.ts';
import { evaluateNodes } from '../../tensor/reference-evaluator.ts';
import { compile } from '../compile.ts';
import { bytesOf, expectClose, hostValues, shapeOfResult, withUpstream } from '../op-case-values.ts';
import { openTensorflow, tensorflow } from '../runtimes.ts';

describe.skipIf(tensorflow.isMissing)(`ops on ${tensorflow.name}`, () => {
  describe.each(Object.entries(opCases))('%s and its gradient', (_, cases) => {
    test.each(cases.map((opCase, i) => [i, opCase] as const))(
      'equal the definition at every size, and give the same bytes every time (case %i)',
      async (__, opCase) => {
        const { result, gradients } = differentiated(opCase);
        const outputs: Record<string, Node> = { result };
        for (const [name, node] of gradients) if (node !== undefined) outputs[`gradient of ${name}`] = node;
        const program = await compile(await openTensorflow(), { outputs });
        for (const sizes of [smallSizes, middleSizes]) {
          const given = feedsOf(opCase, sizes);
          const feeds = withUpstream(given, evaluateNodes([result], given)[0]);
          const computed = await program.run(hostValues(feeds));
          const expected = evaluateNodes(Object.values(outputs), feeds);
          Object.keys(outputs).forEach((name, i) => expectClose(name, computed[name], expected[i]));
        }
        const large = feedsOf(opCase, largeSizes);
        const feeds = hostValues(withUpstream(large, shapeOfResult(result, large)));
        const first = bytesOf(await program.run(feeds));
        for (let run = 0; run < 3; run += 1) expect(bytesOf(await program.run(feeds))).toEqual(first);
        await program.release();
      },
    );
  });
});
