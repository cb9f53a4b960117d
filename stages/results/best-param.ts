import type { Schema } from '../../src/stage/define-stage.ts';

/** The param `best: ${best}`: the declaration of the pipeline file. */
export const bestSchema: Schema = {
  type: 'object',
  properties: {
    by: { type: 'string', pattern: '^[^.]+\\.[^.]+\\..+$' },
    goal: { enum: ['min', 'max'] },
    within: { type: 'array', items: { type: 'string' } },
  },
  required: ['by', 'goal'],
  additionalProperties: false,
};
