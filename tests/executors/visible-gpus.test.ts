import { describe, expect, test } from 'vitest';
import {
  gpuVariables,
  parseGpuList,
  visibleGpus,
} from '../../src/runner/executors/local/gpus/visible-gpus.ts';

const list = `GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa1111-0000)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa2222-0000)
  MIG 3g.20gb     Device  0: (UUID: MIG-cccc1111-0000)
  MIG 3g.20gb     Device  1: (UUID: MIG-cccc2222-0000)
GPU 2: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb0000-0000)
`;
const cards = parseGpuList(list);
const named = (preset: string | undefined, order?: string): readonly string[] =>
  visibleGpus(cards, {
    ...(preset === undefined ? {} : { CUDA_VISIBLE_DEVICES: preset }),
    ...(order === undefined ? {} : { CUDA_DEVICE_ORDER: order }),
  }).map(({ name, card }) => `${name} ${card ?? '-'}`);

describe('the GPUs available to a run', () => {
  test('are claimed by the UUID of the card or of the part', () => {
    expect(visibleGpus(cards, {}).map(({ card, part }) => card ?? part)).toEqual([
      'GPU-aaaa1111-0000',
      'MIG-cccc1111-0000',
      'MIG-cccc2222-0000',
      'GPU-bbbb0000-0000',
    ]);
    const [part] = visibleGpus(cards, { CUDA_VISIBLE_DEVICES: 'MIG-cccc2' });
    expect(part).toEqual({ name: 'MIG-cccc2222-0000', card: undefined, part: 'MIG-cccc2222-0000' });
  });

  test('are all cards; a divided card counts by its parts', () => {
    expect(named(undefined)).toEqual([
      '0 GPU-aaaa1111-0000',
      'MIG-cccc1111-0000 -',
      'MIG-cccc2222-0000 -',
      '2 GPU-bbbb0000-0000',
    ]);
  });

  test.each([
    ['', []],
    ['-1', []],
    ['NoDevFiles', []],
    ['2', ['2 GPU-bbbb0000-0000']],
    ['2, 0', ['2 GPU-bbbb0000-0000', '0 GPU-aaaa1111-0000']],
    ['0,7,2', ['0 GPU-aaaa1111-0000']],
    ['0,0', ['0 GPU-aaaa1111-0000']],
    ['GPU-bbbb', ['GPU-bbbb0000-0000 GPU-bbbb0000-0000']],
    ['GPU-aaaa1111-0000,MIG-cccc2', ['GPU-aaaa1111-0000 GPU-aaaa1111-0000', 'MIG-cccc2222-0000 -']],
    // Two parts begin so: CUDA takes neither.
    ['MIG-cccc', []],
    ['GPU-', []],
    ['GPU-none,0', []],
  ])('are those of CUDA_VISIBLE_DEVICES=%s, up to the first invalid one', (preset, gpus) => {
    expect(named(preset)).toEqual(gpus);
  });

  test('are taken from device files where nvidia-smi is missing', () => {
    const files = [0, 1].map((number) => ({ number, model: '', uuid: undefined, parts: [] }));
    const seen = (preset?: string) =>
      visibleGpus(files, preset === undefined ? {} : { CUDA_VISIBLE_DEVICES: preset }).map(
        ({ name }) => name,
      );
    expect(seen()).toEqual(['0', '1']);
    expect(seen('1')).toEqual(['1']);
    expect(seen('GPU-1234')).toEqual(['GPU-1234']);
    expect(visibleGpus([], { CUDA_VISIBLE_DEVICES: '0,GPU-1234' })).toEqual([]);
  });

  test('of different models are matched with nvidia-smi only where CUDA orders by bus', () => {
    const mixed = parseGpuList(list.replace('GPU 2: NVIDIA A100-SXM4-40GB', 'GPU 2: NVIDIA T4'));
    const cardOf = (environment: NodeJS.ProcessEnv) => visibleGpus(mixed, environment)[0]?.card;
    expect(cardOf({ CUDA_VISIBLE_DEVICES: '2' })).toBeUndefined();
    expect(cardOf({ CUDA_VISIBLE_DEVICES: '2', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })).toBe('GPU-bbbb0000-0000');
    expect(cardOf({})).toBe('GPU-aaaa1111-0000');
  });
});

test('keep their numbers within a stage', () => {
  const gpus = [{ name: '2' }, { name: '0' }];
  expect(gpuVariables(gpus, {})).toEqual({ CUDA_VISIBLE_DEVICES: '2,0', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' });
  expect(gpuVariables(gpus, { CUDA_VISIBLE_DEVICES: '2,0' })).toEqual({ CUDA_VISIBLE_DEVICES: '2,0' });
  expect(gpuVariables(gpus, { CUDA_DEVICE_ORDER: 'FASTEST_FIRST' })).toEqual({
    CUDA_VISIBLE_DEVICES: '2,0',
    CUDA_DEVICE_ORDER: 'FASTEST_FIRST',
  });
  expect(gpuVariables([], {})).toEqual({ CUDA_VISIBLE_DEVICES: '' });
});
