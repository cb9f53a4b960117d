/** JSON Schemas of the settings that come in variants: each variant with just its own options, so that a misspelt one is refused. */

const positive = { type: 'number', exclusiveMinimum: 0 };
const natural = { type: 'integer', minimum: 0 };
const share = { type: 'number', minimum: 0, maximum: 1 };
const ramp = { enum: ['linear', 'cosine', '1-sqrt'] };
const flag = { type: 'boolean' };

const variant = (name: string, properties: Readonly<Record<string, unknown>> = {}, required: readonly string[] = []) => ({
  type: 'object',
  properties: { name: { const: name }, ...properties },
  required: ['name', ...required],
  additionalProperties: false,
});

/** The schedules that need no options, which may stand as their names. */
export const plainSchedules = ['constant', 'constant_with_warmup', 'linear', 'cosine', 'cosine_with_restarts', 'polynomial', 'inverse_sqrt', 'reduce_lr_on_plateau'] as const;

/** A learning rate schedule of src/ml/train/schedule.ts. */
export const scheduleSchema = {
  anyOf: [
    { enum: plainSchedules },
    variant('constant'),
    variant('constant_with_warmup'),
    variant('linear'),
    variant('cosine', { cycles: positive }),
    variant('cosine_with_restarts', { cycles: { type: 'integer', minimum: 1 } }),
    variant('polynomial', { power: positive, endLearningRate: { type: 'number', minimum: 0 } }),
    variant('inverse_sqrt', { timescale: positive }),
    variant('cosine_with_min_lr', { cycles: positive, minRate: share }, ['minRate']),
    variant('cosine_with_min_lr', { cycles: positive, minLearningRate: { type: 'number', minimum: 0 } }, ['minLearningRate']),
    variant('cosine_warmup_with_min_lr', { cycles: positive, warmupRate: share, minRate: share }, ['minRate']),
    variant('cosine_warmup_with_min_lr', { cycles: positive, warmupRate: share, minLearningRate: { type: 'number', minimum: 0 } }, ['minLearningRate']),
    variant('warmup_stable_decay', { decaySteps: natural, stableSteps: natural, warmupShape: ramp, decayShape: ramp, minRate: share, cycles: positive }, ['decaySteps']),
    variant('reduce_lr_on_plateau', { factor: share, patience: natural, threshold: { type: 'number', minimum: 0 }, cooldown: natural, minLearningRate: { type: 'number', minimum: 0 } }),
  ],
};

/** An optimizer of src/ml/train/optimizer.ts. */
export const optimizerSchema = {
  anyOf: [
    { enum: ['adamw', 'adafactor'] },
    variant('adamw', { beta1: share, beta2: share, epsilon: positive }),
    variant('adafactor', { scaleParameter: flag, relativeStep: flag, warmupInit: flag, beta1: { type: ['number', 'null'], minimum: 0, maximum: 1 }, decayRate: { type: 'number' }, clipThreshold: positive, epsilon: { type: 'array', items: positive, minItems: 2, maxItems: 2 } }),
  ],
};
