import { expect, test } from 'vitest';
import { requiredOfGeneration } from '../../stages/answers/generation-params.ts';

test('a pipeline without device and generation settings is complete', () => {
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
