import type { TrackerRun } from '../../src/tracking/tracker-run.ts';

/** A model with everything that an export may meet: odd numbers, odd texts, a step without a time. */
export const sampleRun: TrackerRun = {
  id: '0123456789abcdef',
  name: 'train[aimc,lora]',
  key: '0123456789abcdef'.repeat(4),
  group: '20260131-142501-3f9a',
  startedAt: 1_800_000_000_000,
  finishedAt: 1_800_000_060_000,
  device: 'onnxruntime-node 1.30.0, cpu',
  params: { rate: 0.002, method: 'lora', nesterov: false, limit: null, layers: '[1,2]', r: 8 },
  series: {
    loss: [
      { step: 1, value: 2.5, at: 1_800_000_001_000 },
      { step: 2, value: Number.NaN, at: 1_800_000_002_000 },
      { step: 3, value: Infinity, at: undefined },
    ],
    'evaluation loss': [{ step: 3, value: -0.125, at: 1_800_000_003_000 }],
  },
  metrics: [
    { source: 'train', instance: 'train[aimc,lora]', name: 'steps', value: 3, at: 1_800_000_060_000 },
    { source: 'eval', instance: 'eval[aimc,lora]', name: 'f1', value: 0.25, at: 1_800_000_090_000 },
    { source: 'eval', instance: 'eval[aimc,lora]', name: 'odd', value: Number.NaN, at: undefined },
    { source: 'eval', instance: 'eval[aimc,lora]', name: 'id', value: 9_007_199_254_740_993n, at: undefined },
  ],
  predictions: [
    {
      source: 'eval',
      instance: 'eval[aimc,lora]',
      rows: [
        { id: 7, question: 'a "b", c', reference: '', prediction: 'x\ny', score: 0.5, isRight: true, odd: 1 },
        {
          id: 8,
          question: '问题 ✓',
          reference: 'r',
          prediction: '=1+1',
          score: Number.NaN,
          isRight: null,
          odd: 'a',
        },
      ],
    },
  ],
  samples: [
    {
      source: 'qualitative',
      rows: [
        ['question', 'temp_0.7'],
        ['a?', '| b **c** <script>'],
      ],
    },
  ],
};
