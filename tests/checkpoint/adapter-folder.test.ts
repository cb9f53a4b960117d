import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type AdapterConfig,
  adapterConfigWarnings,
  parseAdapterConfig,
} from '../../src/ml/checkpoint/adapter-config.ts';
import { openAdapterFolder, writeAdapterFolder } from '../../src/ml/checkpoint/adapter-folder.ts';
import { fromMemory, loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { openSafetensors, writeSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import { filled } from './small-model.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { messageOf, valueOf } from './value-of.ts';

const layer = 'encoder.block.0.layer.0.SelfAttention.q';
const tensors = fromMemory(
  new Map([
    [`${layer}.lora_A.weight`, filled([2, 6], 1)],
    [`${layer}.lora_B.weight`, filled([12, 2], 2)],
    ['lm_head.weight', filled([20, 6], 3)],
  ]),
);
const config: AdapterConfig = {
  baseModelNameOrPath: 'data/models/nano-mt5',
  revision: null,
  r: 2,
  loraAlpha: 32,
  loraDropout: 0,
  targetModules: ['q'],
  excludeModules: null,
  layersToTransform: null,
  layersPattern: null,
  rankPattern: { o: 4 },
  alphaPattern: {},
  useRslora: true,
  bias: 'none',
  modulesToSave: ['lm_head'],
};

async function written(): Promise<string> {
  const folder = join(await temporaryFolder(), 'adapter');
  valueOf(await writeAdapterFolder(folder, { config, tensors }));
  return folder;
}

test('what is written can be opened again', async () => {
  const opened = valueOf(await openAdapterFolder(await written()));
  expect(opened.config).toEqual(config);
  expect(valueOf(await loadAll(opened.tensors))).toEqual(valueOf(await loadAll(tensors)));
});

test('file names and JSON text equal those of peft 0.17.1', async () => {
  const folder = await written();
  expect(await readdir(folder)).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  expect([...valueOf(await openSafetensors(join(folder, 'adapter_model.safetensors'))).keys()]).toEqual([
    `base_model.model.${layer}.lora_A.weight`,
    `base_model.model.${layer}.lora_B.weight`,
    'base_model.model.lm_head.weight',
  ]);
  const text = await readFile(join(folder, 'adapter_config.json'), 'utf8');
  expect(text.split('\n').slice(0, 7)).toEqual([
    '{',
    '  "alpha_pattern": {},',
    '  "auto_mapping": null,',
    '  "base_model_name_or_path": "data/models/nano-mt5",',
    '  "bias": "none",',
    '  "corda_config": null,',
    '  "eva_config": null,',
  ]);
  expect(text).toContain('"lora_alpha": 32,\n  "lora_bias": false,\n  "lora_dropout": 0.0,');
  expect(text.endsWith('"use_rslora": true\n}')).toBe(true);
});

test('an adapter that stores its own name is the same adapter', async () => {
  const folder = await written();
  await writeSafetensors(
    join(folder, 'adapter_model.safetensors'),
    new Map(
      [...tensors].map(([name, tensor]) => [
        `base_model.model.${name.replace(/(lora_[AB])/, '$1.default')}`,
        tensor,
      ]),
    ),
  );
  expect([...valueOf(await openAdapterFolder(folder)).tensors.keys()]).toEqual([...tensors.keys()]);
});

describe('a folder that is not an adapter is refused', () => {
  test.each([
    [
      'half of a pair',
      { [`base_model.model.${layer}.lora_A.weight`]: filled([2, 6], 1) },
      `${layer} has lora_A without lora_B`,
    ],
    [
      'two ranks',
      {
        [`base_model.model.${layer}.lora_A.weight`]: filled([2, 6], 1),
        [`base_model.model.${layer}.lora_B.weight`]: filled([12, 3], 1),
      },
      `${layer} has lora_A [2, 6] and lora_B [12, 3]: expected [r, in] and [out, r]`,
    ],
    [
      'a model',
      { 'shared.weight': filled([2], 1) },
      'holds tensors whose names do not start with base_model.model.: shared.weight',
    ],
  ])('%s', async (_, stored, message) => {
    const folder = await written();
    valueOf(
      await writeSafetensors(
        join(folder, 'adapter_model.safetensors'),
        fromMemory(new Map(Object.entries(stored))),
      ),
    );
    expect(messageOf(await openAdapterFolder(folder))).toBe(message);
  });

  test('a missing folder', async () => {
    expect(messageOf(await openAdapterFolder(join(await temporaryFolder(), 'none')))).toMatch(
      /^no such file or folder: expected an adapter folder as peft has them: adapter_config\.json/,
    );
  });

  test('a folder without weights', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'adapter_config.json'), '{}');
    expect(messageOf(await openAdapterFolder(folder))).toBe(
      'has no weights: expected one of adapter_model.safetensors, adapter_model.bin',
    );
  });
});

describe('adapter_config.json', () => {
  test('fields of newer peft versions are ignored when off, and named when on', () => {
    expect(
      parseAdapterConfig(
        {
          use_bdlora: null,
          velora_config: null,
          ensure_weight_tying: false,
          peft_version: '0.21.2',
          arrow_config: {},
        },
        'a',
      ).ok,
    ).toBe(true);
    expect(
      messageOf(
        parseAdapterConfig(
          { arrow_config: { top_k: 2 }, kasa_config: { beta: 1 }, target_parameters: ['lm_head.weight'] },
          'a',
        ),
      )
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual([
      'arrow_config is {"top_k"',
      'kasa_config is {"beta"',
      'target_parameters is ["lm_head.weight"]',
    ]);
  });

  test('an unknown field is ignored with a warning, unless a newer peft wrote it', () => {
    const noted = {
      note: 'made at night',
      use_gates: true,
      use_qalora: true,
      megatron_core: 'megatron.core',
    };
    expect(parseAdapterConfig(noted, 'a').ok).toBe(true);
    expect(adapterConfigWarnings(noted).map((warning) => warning.split(':')[0])).toEqual([
      'note is not a field of peft and is ignored, as in peft',
      'use_gates is not a field of peft and is ignored, as in peft',
      'use_qalora is ignored, as in peft',
    ]);
    expect(parseAdapterConfig({ ...noted, peft_version: '0.21.2' }, 'a').ok).toBe(true);
    expect(messageOf(parseAdapterConfig({ use_gates: true, peft_version: '0.22.0' }, 'a'))).toMatch(
      /^use_gates is true: a field of peft 0\.22\.0, which is newer than the versions read here/,
    );
  });

  test.each([
    ['pissa_niter_4', /pissa_niter_4": peft subtracts unseeded random numbers/],
    ['loftq', /quantises the base weights/],
    ['corda', /needs covariances/],
    ['PISSA', /expected true, false, gaussian/],
  ])('init_lora_weights %s is refused with the reason', (init, message) => {
    expect(messageOf(parseAdapterConfig({ init_lora_weights: init }, 'a'))).toMatch(message);
  });

  test('initialisations that store whole values do not change loading', () => {
    for (const init of [true, false, null, 'gaussian', 'Gaussian', 'orthogonal', 'eva', 'mica', 'lora_ga'])
      expect(valueOf(parseAdapterConfig({ init_lora_weights: init }, 'a')).initLoraWeights).toBeUndefined();
    expect(valueOf(parseAdapterConfig({ init_lora_weights: 'OLoRA' }, 'a')).initLoraWeights).toBe('olora');
  });

  test('combinations that peft refuses are refused', () => {
    expect(messageOf(parseAdapterConfig({ lora_bias: true, use_dora: true }, 'a'))).toBe(
      'lora_bias is true and use_dora is true: expected one of them',
    );
    expect(messageOf(parseAdapterConfig({ lora_bias: true, init_lora_weights: 'pissa' }, 'a'))).toBe(
      'lora_bias is true and init_lora_weights is "pissa": expected one of them',
    );
  });

  test('targets are names or a pattern; other kinds of adapters are refused', () => {
    expect(
      valueOf(parseAdapterConfig({ target_modules: '.*\\.q$', layers_to_transform: 3 }, 'a')),
    ).toMatchObject({ targetModules: '.*\\.q$', layersToTransform: [3], r: 8, loraAlpha: 8 });
    expect(messageOf(parseAdapterConfig({ peft_type: 'IA3', r: 0, target_modules: [1] }, 'a'))).toBe(
      'peft_type is "IA3": expected "LORA"\nr is 0: expected an integer from 1 to 2147483647\n' +
        'target_modules is [1]: expected a list of names, or a pattern',
    );
  });
});
