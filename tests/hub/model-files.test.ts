import { expect, test } from 'vitest';
import { modelFiles } from '../../src/runner/hub/model-files.ts';

const rest = [
  'README.md',
  '.gitattributes',
  'config.json',
  'tf_model.h5',
  'flax_model.msgpack',
  'rust_model.ot',
  'model.onnx',
  'training_args.bin',
  'optimizer.pt',
];
const chosen = (...names: readonly string[]): readonly string[] => {
  const files = modelFiles([...rest, ...names]);
  return files.ok ? files.value.filter((name) => name !== 'config.json') : [files.error.kind];
};

test('safetensors are preferred, and only one format is fetched', () => {
  expect(chosen('pytorch_model.bin', 'model.safetensors')).toEqual(['model.safetensors']);
  expect(chosen('pytorch_model.bin')).toEqual(['pytorch_model.bin']);
});

test('a single file is preferred to shards', () => {
  expect(
    chosen('model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model.safetensors'),
  ).toEqual(['model.safetensors']);
});

test('shards come with their index', () => {
  expect(
    chosen(
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'pytorch_model.bin',
    ),
  ).toEqual([
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json',
  ]);
  expect(chosen('pytorch_model-00001-of-00001.bin', 'pytorch_model.bin.index.json')).toEqual([
    'pytorch_model-00001-of-00001.bin',
    'pytorch_model.bin.index.json',
  ]);
});

test('other precisions are not fetched', () => {
  expect(chosen('model.fp16.safetensors', 'model.safetensors')).toEqual(['model.safetensors']);
  expect(chosen('model.fp16.safetensors', 'pytorch_model.bin')).toEqual(['pytorch_model.bin']);
});

test('the tokenizer of every family is included', () => {
  expect(
    chosen(
      'model.safetensors',
      'spiece.model',
      'vocab.txt',
      'tokenizer.json',
      'tokenizer_config.json',
      'special_tokens_map.json',
      'added_tokens.json',
      'generation_config.json',
    ).toSorted(),
  ).toEqual([
    'added_tokens.json',
    'generation_config.json',
    'model.safetensors',
    'special_tokens_map.json',
    'spiece.model',
    'tokenizer.json',
    'tokenizer_config.json',
    'vocab.txt',
  ]);
});

test('an adapter is a model too', () => {
  const files = modelFiles([
    'README.md',
    'adapter_config.json',
    'adapter_model.safetensors',
    'adapter_model.bin',
  ]);
  expect(files).toEqual({ ok: true, value: ['adapter_config.json', 'adapter_model.safetensors'] });
});

test.each([
  [['README.md']],
  [['config.json', 'tf_model.h5']],
  [['generation_config.json', 'model.safetensors']],
  [[]],
])('%j is not a model', (names) => {
  expect(modelFiles(names)).toMatchObject({ ok: false, error: { kind: 'no-model', found: names } });
});
