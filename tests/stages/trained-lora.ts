import { digestOf } from '../../src/files/digest.ts';
import type { TrainedModel } from '../../stages/train/model-card.ts';

/** What a card is written from. */
export const trainedLora: TrainedModel = {
  params: {
    config: { method: 'lora', learningRate: 2e-3, r: 8, batch: 8 },
    prompt: 'medical question: {human}',
    baseModel: 'hf:google/mt5-base@2eb15465c5dd7f72a8f7984306ad05ebc3dd1e1f',
    sourceTokens: 512,
    targetTokens: 256,
    validation: 0.1,
    seed: 42,
    tokenization: 'sentencepiece',
    runtime: 'onnx',
  },
  type: 'mt5',
  steps: 198,
  parameters: { trainable: 24576, all: 1140480 },
  data: digestOf('rows'),
  trainRows: 260,
  validationRows: 28,
  continued: false,
};
