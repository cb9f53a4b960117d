import { join } from 'node:path';

export const nano = join(import.meta.dirname, '../../data/models/nano-mt5');

const prompt = 'medical question: {human}';

/** A pipeline that "trains" by copying the nano model, with two evaluations of it and another model. */
export const nanoPipeline = {
  stages: {
    train: {
      matrix: { config: ['one', 'two'] },
      cmd: ['cp', '-r', '${deps.base}', '${outs.model}'],
      params: { prompt, config: '${config}' },
      deps: { base: { path: nano, external: true } },
      outs: { model: { path: 'model', kind: 'model' } },
    },
    eval: {
      matrix: { from: 'train' },
      cmd: ['sh', '-c', 'echo "{\\"n\\": 1}" > "$0"', '${outs.metrics}'],
      params: {
        prompt: 'not this: {human}',
        sourceTokens: 64,
        maxLength: 24,
        beams: 2,
        earlyStopping: true,
        lengthPenalty: 1,
        noRepeatNgram: 3,
        batch: 8,
        tokenization: 'sentencepiece',
        runtime: 'onnx',
      },
      deps: { model: { from: 'train', out: 'model' } },
      outs: { metrics: { path: 'metrics.json', kind: 'metrics' } },
    },
    draw: {
      matrix: { from: 'train' },
      cmd: ['touch', '${outs.samples}'],
      params: {
        sourceTokens: 64,
        maxLength: 24,
        temperatures: [0.7, 1.5],
        topK: 50,
        topP: 0.9,
        seed: 7,
        noRepeatNgram: 0,
        batch: 8,
        tokenization: 'sentencepiece',
        runtime: 'onnx',
      },
      deps: { model: { from: 'train', out: 'model' } },
      outs: { samples: 'samples' },
    },
  },
};

export const generationParams = {
  prompt,
  sourceTokens: 64,
  maxLength: 24,
  noRepeatNgram: 3,
  batch: 8,
  tokenization: 'sentencepiece',
  runtime: 'onnx',
} as const;
