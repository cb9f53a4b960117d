import { expect, test } from 'vitest';
import { requiredOfGeneration } from '../../stages/answers/generation-params.ts';

test('a pipeline that names no device and no settings of generation is complete', () => {
  expect([...requiredOfGeneration].sort()).toEqual([
    'batch',
    'maxLength',
    'noRepeatNgram',
    'prompt',
    'runtime',
    'sourceTokens',
    'tokenization',
  ]);
});
