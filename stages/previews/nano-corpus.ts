import type { Smoke } from '../../src/stage/question.ts';
import type { CorpusOptions } from '../nano/corpus.ts';
import { atMost, smokeRows } from './small.ts';

export const smoke: Smoke<CorpusOptions> = (params) => ({
  ...params,
  spans: atMost(4 * smokeRows, params.spans),
  pairs: atMost(4 * smokeRows, params.pairs),
});
