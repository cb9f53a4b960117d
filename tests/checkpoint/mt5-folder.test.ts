import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromMemory, type LazyTensors, lending, loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { openModelFolder } from '../../src/ml/checkpoint/model-folder.ts';
import { openMt5Folder, tokenizerFiles, writeMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { writeSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import { changed, filled, smallModel } from './small-model.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { messageOf, valueOf } from './value-of.ts';

const loaded = async (tensors: LazyTensors) => [...valueOf(await loadAll(tensors))];
const one = (shape: readonly number[], value: number) =>
  fromMemory(new Map([['it', filled(shape, value)]])).get('it');

/** A folder of the model, with other tensors in place of its own. */
async function folderWith(model: ReturnType<typeof smallModel>, tensors: LazyTensors): Promise<string> {
  const folder = join(await temporaryFolder(), 'model');
  valueOf(await writeMt5Folder(folder, model));
  valueOf(await writeSafetensors(join(folder, 'model.safetensors'), tensors));
  return folder;
}

describe.each([
  ['mT5', { model_type: 'mt5' }],
  ['T5 v1.0', { model_type: 't5' }],
])('%s', (_, type) => {
  const model = smallModel(type);

  test('what is written can be opened again, in one file or in shards', async () => {
    const root = await temporaryFolder();
    for (const maxShardBytes of [5e9, 1000, 1]) {
      const folder = join(root, String(maxShardBytes));
      valueOf(await writeMt5Folder(folder, model, { maxShardBytes }));
      const opened = valueOf(await openMt5Folder(folder));
      expect(opened.generation).toEqual(model.generation);
      expect(opened.config).toMatchObject({ ...model.config, other: {} });
      expect(await loaded(opened.tensors)).toEqual(await loaded(model.tensors));
    }
    expect(await readdir(join(root, '5000000000'))).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
    ]);
    expect((await readdir(join(root, '1000'))).filter((name) => name.startsWith('model'))).toContain(
      'model.safetensors.index.json',
    );
  });

  test('copies of the embedding under other names count as the embedding', async () => {
    const embedding = model.tensors.get('shared.weight');
    const copies = { 'encoder.embed_tokens.weight': embedding, 'decoder.embed_tokens.weight': embedding };
    for (const tensors of [
      changed(model.tensors, [], copies),
      changed(model.tensors, ['shared.weight'], copies),
    ]) {
      expect(await loaded(valueOf(await openMt5Folder(await folderWith(model, tensors))).tensors)).toEqual(
        await loaded(model.tensors),
      );
    }
  });

  test.each(['module.', '_orig_mod.', 'module._orig_mod.'])(
    'names that all begin with %s belong to the model inside',
    async (prefix) => {
      const folder = await folderWith(
        model,
        new Map([...model.tensors].map(([name, tensor]) => [prefix + name, tensor])),
      );
      expect(await loaded(valueOf(await openMt5Folder(folder)).tensors)).toEqual(await loaded(model.tensors));
    },
  );

  test('a copy with other numbers is a problem', async () => {
    const folder = await folderWith(
      model,
      changed(model.tensors, [], { 'decoder.embed_tokens.weight': one([20, 6], -1) }),
    );
    expect(messageOf(await openMt5Folder(folder))).toBe(
      'decoder.embed_tokens.weight should be a copy of shared.weight, but has different values',
    );
  });

  test('missing, misshaped and unknown tensors are reported at once, by name', async () => {
    const tensors = changed(
      model.tensors,
      ['encoder.final_layer_norm.weight', 'decoder.final_layer_norm.weight'],
      {
        'decoder.final_layer_norm.weight': one([7], 1),
        'encoder.block.9.layer.0.layer_norm.weight': one([6], 1),
      },
    );
    expect(messageOf(await openMt5Folder(await folderWith(model, tensors)))).toBe(`1 tensor is missing:
  encoder.final_layer_norm.weight
1 tensor is not of the shape that the configuration gives:
  decoder.final_layer_norm.weight is [7], expected [6]
1 tensor is not part of the model:
  encoder.block.9.layer.0.layer_norm.weight`);
  });

  test('the position table of cross-attention in early files is ignored', async () => {
    const folder = await folderWith(
      model,
      changed(model.tensors, [], {
        'decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight': one([32, 4], 0),
      }),
    );
    expect((await openMt5Folder(folder)).ok).toBe(true);
  });
});

test('a tied head may be stored as a copy; a separate head must be present', async () => {
  const tied = smallModel({ model_type: 't5' });
  const folder = await folderWith(
    tied,
    changed(tied.tensors, [], { 'lm_head.weight': tied.tensors.get('shared.weight') }),
  );
  expect(valueOf(await openMt5Folder(folder)).tensors.has('lm_head.weight')).toBe(false);
  const untied = smallModel({ model_type: 'mt5' });
  expect(
    messageOf(await openMt5Folder(await folderWith(untied, changed(untied.tensors, ['lm_head.weight'])))),
  ).toContain('lm_head.weight');
});

test('unused tensors and unsupported generation settings are warnings', async () => {
  const model = smallModel();
  const folder = await folderWith(model, changed(model.tensors, [], { 'classifier.bias': one([2], 1) }));
  await writeFile(join(folder, 'generation_config.json'), '{"suppress_tokens": "all", "num_beams": 3}');
  const opened = valueOf(await openMt5Folder(folder));
  expect(opened.tensors.has('classifier.bias')).toBe(false);
  expect(opened.warnings).toEqual([
    `${folder}: 1 tensor is not part of the model:\n  classifier.bias`,
    `${join(folder, 'generation_config.json')}: suppress_tokens is "all": expected a list of token ids`,
  ]);
  const copy = join(await temporaryFolder(), 'copy');
  valueOf(await writeMt5Folder(copy, opened));
  expect(JSON.parse(await readFile(join(copy, 'generation_config.json'), 'utf8'))).toMatchObject({
    suppress_tokens: 'all',
    num_beams: 3,
  });
  await writeFile(join(folder, 'generation_config.json'), '{');
  expect(valueOf(await openMt5Folder(folder)).warnings.at(-1)).toMatch(
    /settings are taken from config\.json$/,
  );
});

test('an encoder without a decoder opens for encoding only', async () => {
  const model = smallModel();
  const names = [...model.tensors.keys()].filter((name) => /^decoder|^lm_head/.test(name));
  const folder = await folderWith(model, changed(model.tensors, names));
  expect(valueOf(await openModelFolder(folder)).kind).toBe('mt5');
  expect(messageOf(await openMt5Folder(folder))).toContain('decoder.final_layer_norm.weight');
});

test('tokenizer files are found and copied unchanged', async () => {
  const root = await temporaryFolder();
  for (const [name, text] of [
    ['spiece.model', 'a'],
    ['tokenizer_config.json', 'b'],
    ['README.md', 'c'],
  ] as const)
    await writeFile(join(root, name), text);
  const copies = valueOf(await tokenizerFiles(root));
  valueOf(await writeMt5Folder(join(root, 'model'), smallModel(), { copies }));
  expect(await readdir(join(root, 'model'))).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'spiece.model',
    'tokenizer_config.json',
  ]);
  expect(await readFile(join(root, 'model/spiece.model'), 'utf8')).toBe('a');
});

test('an incomplete folder does not appear', async () => {
  const root = await temporaryFolder();
  const error = { path: 'gpu', message: 'lost' };
  const model = smallModel();
  const tensors = new Map(
    [...model.tensors].map(([name, tensor]) => [
      name,
      name === 'lm_head.weight' ? lending(tensor, async () => ({ ok: false, error })) : tensor,
    ]),
  );
  expect(await writeMt5Folder(join(root, 'model'), { ...model, tensors })).toEqual({ ok: false, error });
  expect(messageOf(await writeMt5Folder(join(root, 'model'), model, { copies: [join(root, 'none')] }))).toBe(
    'no such file or folder',
  );
  expect(await readdir(root)).toEqual([]);
});

describe('missing files are named, with what was expected', () => {
  test('a missing folder is reported with what to download', async () => {
    const folder = join(await temporaryFolder(), 'mt5-base');
    expect(await openMt5Folder(folder)).toMatchObject({
      ok: false,
      error: {
        path: folder,
        message: expect.stringMatching(
          /^no such file or folder: expected a model folder.*config\.json.*hf download/,
        ),
      },
    });
  });

  test('a folder without config.json, or with a model of another family', async () => {
    const folder = await temporaryFolder();
    expect(messageOf(await openMt5Folder(folder))).toMatch(
      /^no such file or folder: expected a model folder/,
    );
    await writeFile(join(folder, 'config.json'), '{"model_type": "gpt2"}');
    expect(messageOf(await openMt5Folder(folder))).toBe(
      'model_type is "gpt2": expected "mt5", "t5" or "umt5"',
    );
    await writeFile(join(folder, 'config.json'), '{"model_type": "mt5",}');
    expect(await openMt5Folder(folder)).toMatchObject({
      error: { path: join(folder, 'config.json'), line: 1, column: 22 },
    });
  });

  test('a folder without weights, or with those of another framework', async () => {
    const folder = join(await temporaryFolder(), 'model');
    valueOf(await writeMt5Folder(folder, smallModel()));
    await rm(join(folder, 'model.safetensors'));
    await writeFile(join(folder, 'tf_model.h5'), '');
    expect(messageOf(await openMt5Folder(folder))).toBe(
      'has no weights: expected one of model.safetensors, model.safetensors.index.json, ' +
        'pytorch_model.bin, pytorch_model.bin.index.json (tf_model.h5 cannot be read)',
    );
  });

  test('a missing shard, or one without a tensor that the index lists', async () => {
    const folder = join(await temporaryFolder(), 'model');
    valueOf(await writeMt5Folder(folder, smallModel(), { maxShardBytes: 1000 }));
    const [first = ''] = (await readdir(folder)).filter((name) => name.startsWith('model-00001'));
    const index = JSON.parse(await readFile(join(folder, 'model.safetensors.index.json'), 'utf8'));
    index.weight_map['a'] = first;
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
    expect(messageOf(await openMt5Folder(folder))).toBe(`says that ${first} holds a, but that file does not`);
    await rm(join(folder, first));
    expect(await openMt5Folder(folder)).toMatchObject({
      error: {
        path: join(folder, first),
        message: expect.stringMatching(
          /^no such file or folder \(one of \d+ files that model\.safetensors\.index\.json names\)$/,
        ),
      },
    });
  });

  test.each(['../outside.safetensors', '/etc/passwd', '..', 'a\\b', ''])(
    'an index that leads to %j is refused',
    async (place) => {
      const folder = join(await temporaryFolder(), 'model');
      valueOf(await writeMt5Folder(folder, smallModel(), { maxShardBytes: 1000 }));
      await writeFile(
        join(folder, 'model.safetensors.index.json'),
        JSON.stringify({ weight_map: { 'shared.weight': place } }),
      );
      expect(messageOf(await openMt5Folder(folder))).toMatch(/no weight_map.*its own folder/);
    },
  );

  test.each([
    ['t5', null],
    ['mt5', 0],
    ['umt5', 0],
  ])(
    '%s: the start of a folder that has only a bos_token_id is that of its configuration',
    async (type, start) => {
      const folder = join(await temporaryFolder(), 'model');
      valueOf(await writeMt5Folder(folder, smallModel({ model_type: type })));
      await rm(join(folder, 'generation_config.json'));
      const path = join(folder, 'config.json');
      const { decoder_start_token_id: _, ...config } = JSON.parse(await readFile(path, 'utf8'));
      await writeFile(path, JSON.stringify({ ...config, bos_token_id: 5 }));
      expect(valueOf(await openMt5Folder(folder)).generation).toMatchObject({
        decoderStartTokenId: start,
        bosTokenId: 5,
      });
    },
  );

  test('an existing folder is not overwritten', async () => {
    const folder = join(await temporaryFolder(), 'model');
    await mkdir(folder);
    valueOf(await writeMt5Folder(folder, smallModel()));
    expect(messageOf(await writeMt5Folder(folder, smallModel()))).toBe('exists already');
  });
});
