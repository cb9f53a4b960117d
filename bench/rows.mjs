/** What `npm run bench` measures. `peer`: the Python package that does the same. */
const training = { batch: 4, steps: 8, warm: 2, threads: 1 };

export const rows = [
  {
    name: 'step-nano',
    title: 'train step, nano, rows of 26 to 512 tokens, 4 a batch',
    kind: 'step',
    peer: 'torch',
    options: { ...training, model: 'nano' },
  },
  {
    name: 'step-nano-full',
    title: 'train step, nano, 8 rows of 48 tokens',
    kind: 'step',
    peer: 'torch',
    options: { ...training, model: 'nano', batch: 8, steps: 20, length: 48 },
  },
  {
    name: 'step-small-full',
    title: 'train step, small (32,128 words), 4 rows of 64 tokens',
    kind: 'step',
    peer: 'torch',
    options: { ...training, model: 'small', steps: 4, warm: 1, length: 64 },
  },
  {
    name: 'step-small',
    title: 'train step, small, rows of 26 to 512 tokens',
    kind: 'step',
    peer: 'torch',
    options: { ...training, model: 'small', steps: 3, warm: 1 },
  },
  {
    name: 'step-small-lora',
    title: 'the same with LoRA',
    kind: 'step',
    peer: 'peft',
    options: { ...training, model: 'small', steps: 3, warm: 1, method: 'lora' },
  },
  {
    name: 'beams-nano',
    title: 'beam search (4), nano, 200 rows, 64 tokens',
    kind: 'generate',
    peer: 'torch',
    options: { model: 'nano', count: 200, batch: 16, tokens: 64, threads: 1 },
  },
  {
    name: 'beams-small',
    title: 'beam search (4), small, 16 rows, 64 tokens',
    kind: 'generate',
    peer: 'torch',
    options: { model: 'small', count: 16, batch: 8, tokens: 64, threads: 1 },
  },
  {
    name: 'pieces',
    title: 'tokenizing with spiece.model, against sentencepiece',
    kind: 'pieces',
    peer: 'sentencepiece',
    options: { passes: 4 },
  },
  {
    name: 'tokens',
    title: 'tokenizing, against T5TokenizerFast',
    kind: 'tokens',
    peer: 'transformers',
    options: { passes: 4 },
  },
  {
    name: 'idle',
    title: 'pipeline run with nothing to do, against node -e 0',
    kind: 'idle',
    peer: undefined,
    options: { runs: 10 },
  },
  {
    name: 'step-vocabulary',
    title: 'train step, small with 250,112 words, 4 rows of 128 tokens, two threads',
    kind: 'step',
    peer: 'torch',
    options: { model: 'small-250k', batch: 4, steps: 2, warm: 0, length: 128, threads: 2 },
  },
  {
    name: 'load',
    title: 'checkpoint of 1.2 GB to the first logits',
    kind: 'load',
    peer: 'torch',
    options: { model: 'small-250k', threads: 1 },
  },
];
