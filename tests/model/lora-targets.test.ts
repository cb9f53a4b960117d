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

describe('what an adapter changes is what peft changes', () => {
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

describe('what cannot be trained is refused in words', () => {
  test.each([
    [
      { target_modules: ['query'] },
      /"?query"?\) selects no layer: the linear layers are named q, k, v, o, wi_0, wi_1, wo, lm_head/,
    ],
    [{ target_modules: ['shared'] }, /shared, which is an embedding/],
    [{ target_modules: ['layer_norm'] }, /layer_norm, which is a norm/],
    [{ target_modules: '.*(' }, /is not a regular expression/],
    [{ target_modules: ['q'], modules_to_save: ['shared'] }, /shared, an embedding/],
    [{ target_modules: ['q'], modules_to_save: ['classifier'] }, /no module of the model is named so/],
  ] as const)('%j', (config, message) => {
    expect(targetsOf(config)).toMatchObject({ ok: false, error: expect.stringMatching(message) });
  });

  test('a tied head', () => {
    const adapter = parseAdapterConfig({ peft_type: 'LORA', target_modules: ['lm_head'] }, '');
    if (!adapter.ok) throw new Error(adapter.error.message);
    expect(loraTargets(adapter.value, { ...tinyConfig, tieWordEmbeddings: true })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/tied/),
    });
  });
});
