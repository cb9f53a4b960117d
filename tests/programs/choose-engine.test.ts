import { describe, expect, test } from 'vitest';
import { chooseEngine, leavesChoice } from '../../src/runner/programs/choose-engine.ts';

const engines = {
  by: 'runtime',
  programs: { near: './near', far: './far' },
  installed: ['far'],
  auto: { cuda: 'far', cpu: 'near' },
  device: 'device',
};
const resources = { cpus: 2, gpus: 0, memory: 0 };
const onGpu = { ...resources, gpus: 1 };

describe('the engine and the device chosen for "auto"', () => {
  test.each([
    ['a machine with a GPU', { runtime: 'auto' }, resources, true, { runtime: 'far' }, 1],
    ['a machine without', { runtime: 'auto' }, resources, false, { runtime: 'near' }, 0],
    ['a stage that asks for a GPU', { runtime: 'auto' }, onGpu, false, { runtime: 'far' }, 1],
    [
      'the CPU by name',
      { runtime: 'auto', device: 'cpu' },
      resources,
      true,
      { runtime: 'near', device: 'cpu' },
      0,
    ],
    [
      'a GPU by name',
      { runtime: 'auto', device: 'cuda' },
      resources,
      false,
      { runtime: 'far', device: 'cuda' },
      1,
    ],
    [
      'any device, with a GPU',
      { runtime: 'far', device: 'auto' },
      resources,
      true,
      { runtime: 'far', device: 'cuda' },
      1,
    ],
    [
      'any device, without',
      { runtime: 'far', device: 'auto' },
      resources,
      false,
      { runtime: 'far', device: 'cpu' },
      0,
    ],
    [
      'any device of an engine for the CPU',
      { runtime: 'near', device: 'auto' },
      resources,
      true,
      { runtime: 'near', device: 'cpu' },
      0,
    ],
    ['an engine by name alone', { runtime: 'far' }, resources, true, { runtime: 'far' }, 0],
  ])('%s', (_, params, asked, hasGpu, chosen, gpus) => {
    expect(chooseEngine(engines, { params, resources: asked }, hasGpu)).toEqual({
      ok: true,
      value: { params: chosen, resources: { ...resources, gpus } },
    });
  });

  test.each([
    [{ runtime: 'far', device: 'cpu' }, onGpu, 'device', /asks for a GPU/],
    [{ runtime: 'near', device: 'cuda' }, resources, 'runtime', /"near" computes on the CPU: use "far"/],
  ])('%o contradicts itself', (params, asked, param, message) => {
    expect(chooseEngine(engines, { params, resources: asked }, true)).toEqual({
      ok: false,
      error: { param, message: expect.stringMatching(message) },
    });
  });

  test('params that only name an engine are unchanged', () => {
    expect(leavesChoice(engines, { params: { runtime: 'far' }, resources })).toBe(false);
    expect(leavesChoice(engines, { params: { runtime: 'auto' }, resources })).toBe(true);
    expect(leavesChoice(engines, { params: { runtime: 'far', device: 'cpu' }, resources })).toBe(true);
  });
});
