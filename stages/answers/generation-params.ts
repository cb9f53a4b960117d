import type { JsonObject } from '../../src/files/json.ts';

/** The common params of `eval` and `qualitative`: the prompt, and the limits of an answer. */
export interface GenerationParams {
  /** "{human}" is replaced by the question. */
  readonly prompt: string;
  readonly sourceTokens: number;
  /** The most tokens of an answer, the decoder's start included. */
  readonly maxLength: number;
  readonly noRepeatNgram: number;
  /**
   * Fields of generation_config.json by their names there, in the place of the model folder's; null leaves
   * one out.
   */
  readonly generation?: JsonObject;
  /** Questions that are answered together. */
  readonly batch: number;
  readonly tokenization: 'sentencepiece' | 'transformers';
  readonly runtime: 'onnx' | 'tensorflow';
  /** Resolved by the runner: the context has the actual device. */
  readonly device?: 'cpu' | 'cuda';
}

/** JSON Schemas of the fields above. */
export const generationSchema = {
  prompt: { type: 'string', pattern: '\\{human\\}' },
  sourceTokens: { type: 'integer', minimum: 2 },
  maxLength: { type: 'integer', minimum: 2 },
  noRepeatNgram: { type: 'integer', minimum: 0 },
  generation: { type: 'object' },
  batch: { type: 'integer', minimum: 1 },
  tokenization: { enum: ['sentencepiece', 'transformers'] },
  runtime: { enum: ['onnx', 'tensorflow', 'auto'] },
  device: { enum: ['cpu', 'cuda', 'auto'] },
};

export const requiredOfGeneration: readonly string[] = Object.keys(generationSchema).filter(
  (name) => name !== 'generation' && name !== 'device',
);
