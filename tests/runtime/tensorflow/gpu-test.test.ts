import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Check, isOver, judged, parseCheck } from '../../../src/cli/doctor/gpu-test/check.ts';
import { compareOps, opBounds } from '../../../src/cli/doctor/gpu-test/compare-ops.ts';
import { refusal } from '../../../src/cli/doctor/gpu-test/gpu-test.ts';
import { memoryOf } from '../../../src/cli/doctor/gpu-test/nvidia-smi.ts';
import { reportBlock, type TestedMachine } from '../../../src/cli/doctor/gpu-test/report-block.ts';
import type { TensorflowInspection } from '../../../src/cli/doctor/tensorflow.ts';
import { readNvidiaDriver } from '../../../src/files/nvidia-driver.ts';
import { openRuntime } from '../../../src/ml/runtime/open-runtime.ts';
import type { HostValue, Values } from '../../../src/ml/runtime/runtime.ts';
import { openTensorflow, tensorflow } from '../runtimes.ts';
import { doctor, doctorIn } from './doctor.ts';

interface Tested {
  readonly broken: number;
  readonly machine: TestedMachine;
  readonly checks: readonly Check[];
}

const noGpu = readNvidiaDriver().version === undefined;

describe.skipIf(tensorflow.isMissing)(`pipeline doctor --gpu-test on ${tensorflow.name}`, () => {
  test('any op with a wrong result is found', async () => {
    const [reference, tested] = [await openRuntime('onnx', { threads: 2 }), await openTensorflow()];
    const bound = opBounds.cpu;
    const compared = { reference, tested, bound };
    const good = await compareOps(compared);
    expect(good).toMatchObject({ state: 'good' });
    const check = await compareOps({ ...compared, received: (_, values) => changed(values) });
    expect(check.figures.filter((figure) => !isOver(figure))).toEqual([]);
    const one = await compareOps({
      ...compared,
      received: (op, values) => (op === 'softmax' ? changed(values) : values),
    });
    expect(one).toMatchObject({
      state: 'broken',
      message: expect.stringMatching(/^softmax: \S+ off, at most 5\.0e-6 allowed$/),
      help: expect.stringMatching(/report the block below at https:/),
    });
  });

  test.runIf(noGpu)('without a GPU it is refused with what was found', async () => {
    const { code, stdout } = await doctor('--gpu-test');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^✗ GPU test +no GPU can be used: there is no NVIDIA driver, .*, TensorFlow [\d.]+ \(\w+\) computes on cpu\n/,
    );
    expect(stdout).toMatch(/\n```text\nproject +medical-qa-pipeline [\s\S]*\n```\n\n1 broken\n$/);
  });
});

describe('the messages of the GPU test', () => {
  const engine = (kind: 'cpu' | 'gpu') =>
    ({
      ok: true,
      value: { version: `TensorFlow 2.21.0 (${kind})`, gpu: kind === 'gpu', folder: kind, files: {} },
    }) as const;
  const card: TensorflowInspection = {
    installed: engine('gpu'),
    damaged: undefined,
    tried: { ok: true, value: { version: 'tensorflow 2.21.0', device: 'cuda' } },
    hasCuda: true,
    driver: '550.54.15',
    devices: ['/dev/nvidia0'],
  };
  const onCpu = { ok: true, value: { version: 'tensorflow 2.21.0', device: 'cpu' } } as const;

  test('starts where a GPU computes, and on the CPU where TensorFlow is installed', () => {
    expect(refusal(card, 'cuda')).toBeUndefined();
    expect(refusal({ ...card, installed: engine('cpu'), driver: undefined }, 'cpu')).toBeUndefined();
  });

  test.each<[string, TensorflowInspection, RegExp, RegExp]>([
    ['no driver', { ...card, driver: undefined, devices: [] }, /no NVIDIA driver/, /install NVIDIA's driver/],
    [
      'no device file',
      { ...card, devices: [], tried: onCpu },
      /550\.54\.15, there is no device/,
      /--gpus all/,
    ],
    ['the library for the CPU', { ...card, installed: engine('cpu'), tried: onCpu }, /\(cpu\)/, /--gpu$/],
    [
      'a damaged library',
      { ...card, damaged: '/x/lib.so' },
      /\/x\/lib\.so .* was changed/,
      /setup .* --gpu$/,
    ],
    ['a GPU that is not used', { ...card, tried: onCpu }, /computes on cpu$/, /CUDA 12\.5 or newer/],
    [
      'a library that does not load',
      { ...card, tried: { ok: false, error: 'libstdc++.so.6: version not found' } },
      /does not work: libstdc/,
      /setup tensorflow --gpu$/,
    ],
    ['nothing', { ...card, installed: { ok: true, value: undefined } }, /not installed$/, /--gpu$/],
  ])('refuses %s, with what was found and what to do', (_, inspection, message, help) => {
    expect(refusal(inspection, 'cuda')).toMatchObject({
      state: 'broken',
      message: expect.stringMatching(message),
      help: expect.stringMatching(help),
    });
  });

  test('figures are compared with their bounds; NaN fails', () => {
    const figure = { name: 'loss', bound: 1e-6, unit: 'relative' } as const;
    expect([1e-7, 1e-6, 2e-6, null].map((value) => isOver({ ...figure, value }))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    const check = judged('step', [{ ...figure, value: null }], { good: 'as onnx', help: 'report it' });
    expect(check).toMatchObject({
      state: 'broken',
      message: 'loss: not a number off, at most 1.0e-6 allowed',
    });
    expect(parseCheck(JSON.stringify(check))).toEqual(check);
    expect(parseCheck('2026-01-01 I tensorflow/core: found')).toBeUndefined();
    const machine = {
      project: 'p 1',
      node: '20',
      tensorflow: '2.21.0',
      driver: '550',
      cards: 'A100',
      cpu: 'x',
      device: 'cuda',
    } as const;
    expect(reportBlock(machine, [check], '/home/ann')).toMatch(
      /^```text\n[\s\S]*\nstep +broken: .*\n {2}loss +not a number {2}\(at most 1\.0e-6\) {2}FAILED\n```\n$/,
    );
  });

  test('the block has no folders of the user', () => {
    const message =
      'cannot load /home/ann/my cache/engines/lib.so, needed by file:///scratch/ann/p/main.js (/tmp/ann/x); ' +
      '/dev/nvidia0, /usr/lib/libcuda.so.1: see https://example.org/a/b';
    const check: Check = { part: 'parity', state: 'broken', message, figures: [] };
    const machine = {
      project: 'p 1',
      node: '20',
      tensorflow: '',
      driver: '',
      cards: '',
      cpu: '',
      device: 'cuda',
    } as const;
    const block = reportBlock(machine, [check], '/home/ann/my cache');
    expect(block).not.toMatch(/ann\/|scratch|engines/);
    for (const kept of [
      'lib.so',
      'main.js',
      '/dev/nvidia0',
      '/usr/lib/libcuda.so.1',
      'https://example.org/a/b',
    ])
      expect(block).toContain(kept);
  });

  test('the GPU memory of a process is the sum of its lines', () => {
    expect(memoryOf(12, ['7, 100', '12, 300', '12, 20'])).toBe(320 * 2 ** 20);
    expect(memoryOf(12, ['7, 100'])).toBeUndefined();
    expect(memoryOf(12, ['12, [N/A]'])).toBeUndefined();
  });

  test('a process that ends before its checks is a failed check with the reason', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'cache-'));
    const folder = join(cache, 'medical-qa-pipeline/engines/tensorflow');
    mkdirSync(folder, { recursive: true });
    const installed = { version: 'TensorFlow 2.21.0 (cpu)', gpu: false, folder: 'empty', files: {} };
    writeFileSync(join(folder, 'installed.json'), JSON.stringify(installed));
    const { code, stdout } = await doctorIn(cache, '--gpu-test', '--device', 'cpu', '--json');
    const { broken, checks }: Tested = JSON.parse(stdout);
    expect({ code, broken }).toEqual({ code: 1, broken: 3 });
    expect(checks.map(({ part }) => part)).toEqual(['parity', 'measuring float32', 'measuring bf16']);
    for (const { message, help } of checks) {
      expect(message).toContain(join(folder, 'empty'));
      expect(help).toMatch(/^`pipeline doctor` says whether the library works here; report /);
    }
  });

  test('--device without --gpu-test is refused', async () => {
    const { code, stderr } = await doctor('--device', 'cpu');
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'error: --device goes with --gpu-test\n' });
  });
});

/** Every element a thousandth larger; of zeros, and of what is no real number, other ones. */
const changed = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, changedValue(value)]));

const changedValue = (value: HostValue): HostValue =>
  value.dtype === 'float32' ? { ...value, data: value.data.map((element) => element * 1.001 + 1e-6) } : value;
