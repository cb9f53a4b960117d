import type { HostValue, Runtime, Values } from '../../../ml/runtime/runtime.ts';
import { type Check, figure, type Figure, judged } from './check.ts';
import { type OpCheck, opChecks } from './op-checks.ts';
import { reportIt } from './what-to-do.ts';

/** The largest error of an op on each device, relative to the largest element. */
export const opBounds = { cpu: 5e-6, cuda: 1e-4 } as const;

interface ComparedOps {
  /** The runtime that is right: onnx on the CPU. */
  readonly reference: Runtime;
  readonly tested: Runtime;
  readonly bound: number;
  /** What the tested runtime is taken to have computed: a test gives other values. */
  readonly received?: (op: string, values: Values) => Values;
}

/** Every op of the table on both runtimes, from the same feeds. */
export async function compareOps({
  reference,
  tested,
  bound,
  received = (_, values) => values,
}: ComparedOps): Promise<Check> {
  const figures: Figure[] = [];
  for (const [op, make] of Object.entries(opChecks)) {
    const check = make();
    const [expected, computed] = [await computedBy(reference, check), await computedBy(tested, check)];
    figures.push(errorOf(op, expected, received(op, computed), check.isExact ? 0 : bound));
  }
  return judged('op parity', figures, {
    good: `${figures.length} ops and their gradients are those of onnx`,
    help: `do not train on this device: these ops give wrong numbers; ${reportIt}`,
  });
}

async function computedBy(runtime: Runtime, { outputs, feeds }: OpCheck): Promise<Values> {
  const session = await runtime.open({ entries: { op: { outputs } } });
  const values = await session.run('op', feeds);
  await session.release();
  return values;
}

/** Over the result and all gradients; a bound of 0 requires equal bits. */
function errorOf(op: string, expected: Values, computed: Values, bound: number): Figure {
  const errors = Object.entries(expected).map(([name, value]) =>
    bound === 0 ? differences(value, computed[name]) : relativeError(value, computed[name]),
  );
  return figure(op, Math.max(...errors), bound === 0 ? 'differences' : 'relative', bound);
}

function relativeError(expected: HostValue, computed: HostValue | undefined): number {
  if (computed?.data.length !== expected.data.length) return Number.NaN;
  let [worst, largest] = [0, 1e-3];
  for (let place = 0; place < expected.data.length; place += 1) {
    const [wanted, got] = [Number(expected.data[place]), Number(computed.data[place])];
    const error = Math.abs(got - wanted);
    if (Number.isNaN(error)) return Number.NaN;
    worst = Math.max(worst, error);
    largest = Math.max(largest, Math.abs(wanted));
  }
  return worst / largest;
}

function differences(expected: HostValue, computed: HostValue | undefined): number {
  if (computed?.data.length !== expected.data.length) return Number.NaN;
  let count = 0;
  for (let place = 0; place < expected.data.length; place += 1)
    count += Number(!Object.is(computed.data[place], expected.data[place]));
  return count;
}
