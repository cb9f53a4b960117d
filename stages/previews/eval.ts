import type { Smoke } from '../../src/stage/question.ts';
import type { EvalParams } from '../eval.ts';
import { atMost, smokeRows } from './small.ts';

export const smoke: Smoke<EvalParams> = (params) => ({ ...params, limit: atMost(smokeRows, params.limit) });
