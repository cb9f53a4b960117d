import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseBertConfig } from '../../src/ml/checkpoint/bert-config.ts';
import { openBertFolder } from '../../src/ml/checkpoint/bert-folder.ts';
import { bertParameterShapes } from '../../src/ml/checkpoint/bert-parameters.ts';
import type { HostTensor } from '../../src/ml/checkpoint/host-tensor.ts';
import { fromMemory } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { openModelFolder } from '../../src/ml/checkpoint/model-folder.ts';
import { writeMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { writeSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import { filled, smallModel } from './small-model.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { messageOf, valueOf } from './value-of.ts';

const json = {
  model_type: 'bert',
  vocab_size: 9,
  hidden_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 6,
  max_position_embeddings: 5,
};
const own = new Map(
  [...bertParameterShapes(valueOf(parseBertConfig(json, 'config.json')))].map(([name, shape], n) => [
    name,
    filled(shape, n),
  ]),
);

async function folderOf(tensors: ReadonlyMap<string, HostTensor>, name = 'bert'): Promise<string> {
  const folder = join(await temporaryFolder(), name);
  await mkdir(folder);
  await writeFile(join(folder, 'config.json'), JSON.stringify(json));
  valueOf(await writeSafetensors(join(folder, 'model.safetensors'), fromMemory(tensors)));
  return folder;
}

test('an encoder, alone or inside a model, also with the names of the first published files', async () => {
  const old = [...own].map(
    ([name, tensor]) =>
      [
        'bert.' +
          `${name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta')}`,
        tensor,
      ] as const,
  );
  const heads = [
    ['cls.predictions.bias', filled([9], 0)],
    ['bert.pooler.dense.bias', filled([4], 0)],
    ['bert.embeddings.position_ids', filled([1, 5], 0)],
  ] as const;
  for (const tensors of [own, new Map([...heads, ...old])]) {
    expect([...valueOf(await openBertFolder(await folderOf(tensors))).tensors.keys()]).toEqual([
      ...own.keys(),
    ]);
  }
});

test('a missing layer is named', async () => {
  const less = new Map([...own].filter(([name]) => name !== 'encoder.layer.0.output.dense.bias'));
  expect(messageOf(await openBertFolder(await folderOf(less)))).toBe(
    '1 tensor is missing:\n  encoder.layer.0.output.dense.bias',
  );
});

test('a folder opens as the model that it contains', async () => {
  const bert = await folderOf(own);
  expect(valueOf(await openModelFolder(bert)).kind).toBe('bert');
  const mt5 = join(await temporaryFolder(), 'mt5');
  valueOf(await writeMt5Folder(mt5, smallModel()));
  expect(valueOf(await openModelFolder(mt5)).kind).toBe('mt5');
  await writeFile(join(bert, 'config.json'), '{"model_type": "roberta"}');
  expect(messageOf(await openModelFolder(bert))).toBe(
    'model_type is "roberta": expected "mt5", "t5", "umt5" or "bert"',
  );
});
