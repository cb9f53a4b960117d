import { describe, expect, test } from 'vitest';
import { parseBertConfig } from '../../src/ml/checkpoint/bert-config.ts';
import { generationConfigJson, parseGenerationConfig } from '../../src/ml/checkpoint/generation-config.ts';
import { modelTypeOf } from '../../src/ml/checkpoint/model-type.ts';
import { mt5ConfigJson, parseMt5Config, unknownFields } from '../../src/ml/checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import { pythonJson } from '../../src/ml/checkpoint/python-json.ts';
import { messageOf, valueOf } from './value-of.ts';

const parsed = (json: Parameters<typeof parseMt5Config>[0]) => valueOf(parseMt5Config(json, 'config.json'));
const refusal = (json: Parameters<typeof parseMt5Config>[0]) =>
  messageOf(parseMt5Config(json, 'config.json'));

describe('config.json', () => {
  test('an empty mT5 configuration is MT5Config(), an empty T5 one T5Config()', () => {
    expect(parsed({ model_type: 'mt5' })).toEqual({
      modelType: 'mt5',
      vocabSize: 250112,
      dModel: 512,
      dKv: 64,
      dFf: 1024,
      numLayers: 8,
      numDecoderLayers: 8,
      numHeads: 6,
      relativeAttentionNumBuckets: 32,
      relativeAttentionMaxDistance: 128,
      dropoutRate: 0.1,
      layerNormEpsilon: 1e-6,
      initializerFactor: 1,
      activation: 'gelu_new',
      gated: true,
      tieWordEmbeddings: false,
      scaleDecoderOutputs: false,
      padTokenId: 0,
      eosTokenIds: [1],
      decoderStartTokenId: 0,
      other: {},
    });
    expect(parsed({ model_type: 't5' })).toMatchObject({
      vocabSize: 32128,
      dFf: 2048,
      numLayers: 6,
      numHeads: 8,
      activation: 'relu',
      gated: false,
      tieWordEmbeddings: true,
    });
  });

  test('null means unset: the decoder is as deep as the encoder', () => {
    expect(parsed({ model_type: 'mt5', num_layers: 3, num_decoder_layers: null }).numDecoderLayers).toBe(3);
  });

  test('T5 v1.1 is gated, with a separate head; newer files repeat the activation', () => {
    expect(
      parsed({ model_type: 't5', feed_forward_proj: 'gated-gelu', tie_word_embeddings: false }),
    ).toMatchObject({ activation: 'gelu_new', gated: true, tieWordEmbeddings: false });
    expect(
      parsed({ model_type: 't5', feed_forward_proj: 'relu', dense_act_fn: 'gelu_new', is_gated_act: true }),
    ).toMatchObject({ activation: 'gelu_new', gated: true });
  });

  test('a field that changes the computation is refused by name; unknown ones are named', () => {
    expect(
      refusal({
        model_type: 't5',
        pruned_heads: { 0: [1] },
        tie_encoder_decoder: true,
        quantization_config: { bits: 8 },
      })
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['pruned_heads', 'quantization_config', 'tie_encoder_decoder']);
    expect(parsed({ model_type: 't5', pruned_heads: {}, tie_encoder_decoder: false }).other).toEqual({
      pruned_heads: {},
      tie_encoder_decoder: false,
    });
    const strange = { model_type: 't5', note: 'ours', n_positions: 512, num_beams: 4, _commit_hash: 'a' };
    expect(unknownFields(parsed({ ...strange, transformers_version: '4.57.1' }))).toEqual(['note']);
    expect(refusal({ ...strange, transformers_version: '6.0.0' })).toMatch(
      /^note is a field of transformers "6.0.0", which is newer than the versions read here/,
    );
    expect(parsed({ model_type: 't5', transformers_version: '6.0.0' }).tieWordEmbeddings).toBe(true);
  });

  test('transformers 5 has a separate field for the scaled head, and ties every head', () => {
    const version5 = { model_type: 't5', transformers_version: '5.24.0' };
    expect(parsed({ ...version5, scale_decoder_outputs: false })).toMatchObject({
      tieWordEmbeddings: true,
      scaleDecoderOutputs: false,
    });
    expect(parsed({ ...version5, tie_word_embeddings: false }).scaleDecoderOutputs).toBe(false);
    expect(parsed({ ...version5, model_type: 'mt5' })).toMatchObject({
      tieWordEmbeddings: true,
      scaleDecoderOutputs: false,
    });
    expect(parsed({ model_type: 't5', scale_decoder_outputs: false }).scaleDecoderOutputs).toBe(false);
    expect(parsed({ model_type: 'mt5', tie_word_embeddings: true }).scaleDecoderOutputs).toBe(true);
  });

  test('files without model_type are identified by their class', () => {
    expect(modelTypeOf({ architectures: ['MT5ForConditionalGeneration'] })).toBe('mt5');
    expect(modelTypeOf({ architectures: ['T5WithLMHeadModel'] })).toBe('t5');
    expect(modelTypeOf({ architectures: ['BertForMaskedLM'] })).toBe('bert');
    expect(modelTypeOf({ architectures: ['Bertha'] })).toBeUndefined();
    expect(modelTypeOf({})).toBeUndefined();
  });

  test('all faults are reported at once, by field, with found and expected values', () => {
    expect(
      refusal({
        model_type: 'mt5',
        d_model: 0,
        num_heads: '6',
        dropout_rate: 2,
        feed_forward_proj: 'gated-tanh',
        eos_token_id: 10 ** 9,
        num_layers: 1e9,
        tie_word_embeddings: 1,
      }).split('\n'),
    ).toEqual([
      'num_layers is 1000000000: expected an integer from 1 to 1000',
      'd_model is 0: expected an integer from 1 to 2147483647',
      'num_heads is "6": expected an integer from 1 to 2147483647',
      'dropout_rate is 2: expected a number from 0 to 1',
      expect.stringMatching(
        /^feed_forward_proj is "gated-tanh": expected "relu" or "gated-relu" or "gelu" or /,
      ),
      'tie_word_embeddings is 1: expected true or false',
      'eos_token_id is 1000000000: expected an integer from 0 to 250111',
    ]);
  });

  test('a file is written again with all its other fields, except its location', () => {
    const json = mt5ConfigJson(
      parsed({
        model_type: 't5',
        d_model: 32,
        task_specific_params: { a: 1 },
        _name_or_path: '/home/x',
        torch_dtype: 'float16',
        transformers_version: '4.0.0',
      }),
      'float32',
    );
    expect(json).toMatchObject({
      d_model: 32,
      task_specific_params: { a: 1 },
      dtype: 'float32',
      transformers_version: '4.57.1',
      architectures: ['T5ForConditionalGeneration'],
    });
    expect(Object.keys(json)).not.toContain('_name_or_path');
    expect(Object.keys(json)).not.toContain('torch_dtype');
    expect(parsed(json)).toMatchObject({ dModel: 32, tieWordEmbeddings: true });
  });

  test('BERT: defaults and refused settings', () => {
    expect(valueOf(parseBertConfig({}, 'config.json'))).toMatchObject({
      hiddenSize: 768,
      numHiddenLayers: 12,
      hiddenAct: 'gelu',
      layerNormEps: 1e-12,
    });
    expect(
      messageOf(
        parseBertConfig(
          { position_embedding_type: 'relative_key', hidden_size: 770, hidden_act: 'swish' },
          'config.json',
        ),
      ).split('\n'),
    ).toEqual([
      'position_embedding_type is "relative_key": expected "absolute"',
      'hidden_act is "swish": expected "gelu" or "gelu_new" or "relu"',
      'hidden_size is 770: expected a multiple of num_attention_heads, 12',
    ]);
  });
});

describe('generation_config.json', () => {
  test('only values that differ from the defaults are written', () => {
    const config = valueOf(
      parseGenerationConfig(
        {
          eos_token_id: 1,
          num_beams: 4,
          top_k: 50,
          length_penalty: 1.5,
          early_stopping: 'never',
          suppress_tokens: [3],
          bad_words_ids: [[4, 5]],
        },
        'g',
      ),
    );
    expect(generationConfigJson(config)).toEqual({
      eos_token_id: 1,
      num_beams: 4,
      length_penalty: 1.5,
      early_stopping: 'never',
      suppress_tokens: [3],
      bad_words_ids: [[4, 5]],
      transformers_version: '4.57.1',
    });
    expect(config).toMatchObject({
      maxLength: 20,
      temperature: 1,
      topK: 50,
      eosTokenIds: [1],
      maxNewTokens: null,
      decoderStartTokenId: null,
    });
  });

  test('several end tokens, and invalid fields', () => {
    expect(valueOf(parseGenerationConfig({ eos_token_id: [1, 2] }, 'g')).eosTokenIds).toEqual([1, 2]);
    expect(
      messageOf(parseGenerationConfig({ eos_token_id: [1.5], early_stopping: 'soon', top_p: 1.1 }, 'g')),
    ).toBe(
      'early_stopping is "soon": expected true, false or "never"\n' +
        'top_p is 1.1: expected a number from 0 to 1\n' +
        'eos_token_id is [1.5]: expected a token id, or a list of them',
    );
  });
});

test('a T5 v1.0 with a tied head has one up projection, and no lm_head', () => {
  const shapes = mt5ParameterShapes(
    parsed({
      model_type: 't5',
      vocab_size: 9,
      d_model: 4,
      d_kv: 3,
      num_heads: 5,
      d_ff: 7,
      num_layers: 1,
      num_decoder_layers: 1,
    }),
  );
  expect([...shapes.keys()].filter((name) => /DenseReluDense|lm_head/.test(name))).toEqual(
    ['encoder.block.0.layer.1', 'decoder.block.0.layer.2'].flatMap((layer) =>
      ['wi', 'wo'].map((part) => `${layer}.DenseReluDense.${part}.weight`),
    ),
  );
  expect(shapes.get('decoder.block.0.layer.1.EncDecAttention.o.weight')).toEqual([4, 15]);
  expect(shapes.get('decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight')).toEqual([32, 5]);
  expect(shapes.has('decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight')).toBe(false);
});

test('JSON is written as Python does: floats, escapes, order, empty lists', () => {
  const text = pythonJson(
    {
      b: 1,
      a: 1e-6,
      ü: 'é\u2028\u007f"',
      c: 1e16,
      d: 0.0001,
      e: 123456.75,
      f: [],
      g: {},
      h: [1, { z: null, y: true }],
      i: 1e-12,
      j: 1.5e300,
      k: 0,
      l: 1e-5,
    },
    ['b', 'c', 'k'],
  );
  expect(text).toBe(`{
  "a": 1e-06,
  "b": 1.0,
  "c": 1e+16,
  "d": 0.0001,
  "e": 123456.75,
  "f": [],
  "g": {},
  "h": [
    1,
    {
      "y": true,
      "z": null
    }
  ],
  "i": 1e-12,
  "j": 1.5e+300,
  "k": 0.0,
  "l": 1e-05,
  "\\u00fc": "\\u00e9\\u2028\\u007f\\""
}`);
});
