import { expect, test } from 'vitest';
import type { Check } from '../../src/cli/doctor/gpu-test/check.ts';
import { opChecks } from '../../src/cli/doctor/gpu-test/op-checks.ts';
import type { TestedMachine } from '../../src/cli/doctor/gpu-test/report-block.ts';
import { tensorflow } from '../runtime/runtimes.ts';
import { doctor } from '../runtime/tensorflow/doctor.ts';

interface Tested {
  readonly broken: number;
  readonly machine: TestedMachine;
  readonly checks: readonly Check[];
}

test.skipIf(tensorflow.isMissing)(
  `a test of GPUs passes every check on the CPU, with its figures, by ${tensorflow.name}`,
  async () => {
    const { code, stdout } = await doctor('--gpu-test', '--device', 'cpu', '--json');
    const { broken, machine, checks }: Tested = JSON.parse(stdout);
    expect(checks.filter(({ state }) => state === 'broken')).toEqual([]);
    expect({ code, broken }).toEqual({ code: 0, broken: 0 });
    expect(machine.tensorflow).toMatch(/^TensorFlow \d/);
    expect(checks.map(({ part }) => part)).toEqual([
      'op parity',
      'training step',
      'same bits',
      'bf16',
      'speed in float32',
      'memory in float32',
      'speed in bf16',
      'memory in bf16',
    ]);
    const of = (part: string) => checks.find((check) => check.part === part)?.figures ?? [];
    expect(of('op parity').map(({ name }) => name)).toEqual(Object.keys(opChecks));
    // Other products than in float32, or the check saw no bfloat16.
    expect(of('bf16')[0]?.value).toBeGreaterThan(1e-6);
    const [peak, planned] = of('memory in float32');
    expect(peak?.value).toBeGreaterThan(0.5 * (planned?.value ?? Number.NaN));
  },
);
