import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAdapterConfig } from '../../src/ml/checkpoint/adapter-config.ts';
import type { JsonObject } from '../../src/files/json.ts';
import { countParameters, loraShapes, parameterCountText } from '../../src/ml/model/lora.ts';
import { loraTargets } from '../../src/ml/model/lora-targets.ts';
import { tinyConfig } from './tiny-model.ts';

interface Case {
  readonly config: JsonObject;
  /** [r, scale] by layer. */
  readonly layers: Readonly<Record<string, readonly [number, number]>>;
  readonly trainable: readonly string[];
  readonly printed: string;
}

const golden: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/lora-targets.json'), 'utf8'),
);

const targetsOf = (config: JsonObject) => {
  const adapter = parseAdapterConfig({ peft_type: 'LORA', ...config }, 'adapter_config.json');
  if (!adapter.ok) throw new Error(adapter.error.message);
  return loraTargets(adapter.value, tinyConfig);
};

describe('an adapter changes the modules that peft changes', () => {
  test.each(golden.cases.map((each) => [JSON.stringify(each.config), each] as const))(
    '%s',
    (_, { config, layers, trainable, printed }) => {
      const targets = targetsOf(config);
      if (!targets.ok) throw new Error(targets.error);
      expect(
        Object.fromEntries(targets.value.layers.map(({ module, rank, scale }) => [module, [rank, scale]])),
      ).toEqual(layers);
      const names = trainable.map((name) =>
        name
          .replace('base_model.model.', '')
          .replace('.modules_to_save.default', '')
          .replace('.default.weight', '.weight'),
      );
      expect([...loraShapes(targets.value, tinyConfig).keys()].sort()).toEqual(names.sort());
      expect(parameterCountText(countParameters(targets.value, tinyConfig))).toBe(printed);
    },
  );
});

describe('untrainable settings are refused with a message', () => {
  test.each([
    [
      { target_modules: ['query'] },
      /"?query"?\) selects no layer: the linear layers are named q, k, v, o, wi_0, wi_1, wo, lm_head/,
    ],
    [{ target_modules: ['shared'] }, /shared, which is an embedding/],
    [{ target_modules: ['layer_norm'] }, /layer_norm, which is a norm/],
    [{ target_modules: '.*(' }, /is not a regular expression/],
    [{ target_modules: ['q'], modules_to_save: ['shared'] }, /shared, an embedding/],
    [{ target_modules: ['q'], modules_to_save: ['classifier'] }, /the model has no such module/],
  ] as const)('%j', (config, message) => {
    expect(targetsOf(config)).toMatchObject({ ok: false, error: expect.stringMatching(message) });
  });

  test('a tied head', () => {
    const adapter = parseAdapterConfig({ peft_type: 'LORA', target_modules: ['lm_head'] }, '');
    if (!adapter.ok) throw new Error(adapter.error.message);
    expect(loraTargets(adapter.value, { ...tinyConfig, tieWordEmbeddings: true })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/ties to the embedding/),
    });
  });
});

describe('fields whose meaning depends on the version of peft that wrote them', () => {
  const layersOf = (config: JsonObject) => {
    const targets = targetsOf({ target_modules: ['q'], ...config });
    if (!targets.ok) throw new Error(targets.error);
    return targets.value.layers.map(({ module }) => module);
  };
  const first = ['encoder.block.1.layer.0.SelfAttention.q', 'decoder.block.1.layer.0.SelfAttention.q'];

  test.each([
    [undefined, 'last'],
    ['0.18.1', 'last'],
    ['0.19.0.dev0@1a2b', 'last'],
    ['0.20.0', 'first'],
    ['0.21.2', 'first'],
    ['1.0.0', 'first'],
  ])('in peft %s the layer number is the %s in a name', (version, place) => {
    const layers = layersOf({ layers_to_transform: [1], peft_version: version ?? null });
    expect(layers.every((name) => name.includes(place === 'first' ? '.block.1.' : '.layer.1.'))).toBe(true);
    expect(layers.some((name) => first.includes(name))).toBe(place === 'first');
  });

  test.each([
    [undefined, true],
    ['0.20.0', true],
    ['0.21.0', false],
  ])('in peft %s bias: all includes the relative position tables: %s', (version, takes) => {
    const targets = targetsOf({ target_modules: ['q'], bias: 'all', peft_version: version ?? null });
    if (!targets.ok) throw new Error(targets.error);
    expect(targets.value.biases.length > 0).toBe(takes);
  });

  test('since peft 0.21 a layers pattern may start a name', () => {
    const settings = { layers_to_transform: [1], layers_pattern: ['encoder.block'] };
    expect(() => layersOf({ ...settings, peft_version: '0.20.0' })).toThrow(/selects no layer/);
    expect(layersOf({ ...settings, peft_version: '0.21.0' })).toEqual([first[0]]);
  });

  test('layer numbers beside a pattern of targets are refused, as by peft', () => {
    expect(targetsOf({ target_modules: '.*q', layers_to_transform: [1] })).toMatchObject({ ok: false });
    expect(targetsOf({ target_modules: ['q'], layers_pattern: ['block'] })).toMatchObject({ ok: false });
  });
});

describe('adapters that are evaluated and merged only are not trained', () => {
  test.each([
    [{ use_dora: true }, /use_dora: such an adapter can be evaluated and merged, but not trained/],
    [{ lora_bias: true }, /lora_bias/],
    [{ init_lora_weights: 'pissa' }, /init_lora_weights: pissa/],
    [{ init_lora_weights: 'olora' }, /init_lora_weights: olora/],
    [{ trainable_token_indices: [1] }, /trainable_token_indices/],
  ] as const)('%j', (config, message) => {
    expect(targetsOf({ target_modules: ['q'], ...config })).toMatchObject({
      ok: false,
      error: expect.stringMatching(message),
    });
  });
});
