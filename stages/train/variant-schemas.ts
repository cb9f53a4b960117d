import { implies } from './implies.ts';

/**
 * JSON Schemas of the settings that come in variants: each variant with just its own options, so that a
 * misspelt one is refused.
 */

const positive = { type: 'number', exclusiveMinimum: 0 };
const natural = { type: 'integer', minimum: 0 };
const share = { type: 'number', minimum: 0, maximum: 1 };
const ramp = { enum: ['linear', 'cosine', '1-sqrt'] };
const flag = { type: 'boolean' };

/** What one variant may hold beside its name. */
interface Options {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  /** Of which there has to be one. */
  readonly either?: readonly (readonly [string, unknown])[];
}

/** The schedules that need no options, which may be written as their names. */
export const plainSchedules = [
  'constant',
  'constant_with_warmup',
  'linear',
  'cosine',
  'cosine_with_restarts',
  'polynomial',
  'inverse_sqrt',
  'reduce_lr_on_plateau',
] as const;

/** A lowest value, as a share of the highest or as a learning rate. */
const lowestRate = [
  ['minRate', share],
  ['minLearningRate', { type: 'number', minimum: 0 }],
] as const;

/** A learning rate schedule of src/ml/train/schedule.ts. */
export const scheduleSchema = variants(plainSchedules, {
  constant: {},
  constant_with_warmup: {},
  linear: {},
  cosine: { properties: { cycles: positive } },
  cosine_with_restarts: { properties: { cycles: { type: 'integer', minimum: 1 } } },
  polynomial: { properties: { power: positive, endLearningRate: { type: 'number', minimum: 0 } } },
  inverse_sqrt: { properties: { timescale: positive } },
  cosine_with_min_lr: { properties: { cycles: positive }, either: lowestRate },
  cosine_warmup_with_min_lr: { properties: { cycles: positive, warmupRate: share }, either: lowestRate },
  warmup_stable_decay: {
    properties: {
      decaySteps: natural,
      stableSteps: natural,
      warmupShape: ramp,
      decayShape: ramp,
      minRate: share,
      cycles: positive,
    },
    required: ['decaySteps'],
  },
  reduce_lr_on_plateau: {
    properties: {
      factor: share,
      patience: natural,
      threshold: { type: 'number', minimum: 0 },
      cooldown: natural,
      minLearningRate: { type: 'number', minimum: 0 },
    },
  },
});

/** An optimizer of src/ml/runtime/optimizer.ts. */
export const optimizerSchema = variants(['adamw', 'adafactor'], {
  adamw: { properties: { beta1: share, beta2: share, epsilon: positive } },
  adafactor: {
    properties: {
      scaleParameter: flag,
      relativeStep: flag,
      warmupInit: flag,
      beta1: { type: ['number', 'null'], minimum: 0, maximum: 1 },
      decayRate: { type: 'number' },
      clipThreshold: positive,
      epsilon: { type: 'array', items: positive, minItems: 2, maxItems: 2 },
    },
  },
});

/** A plain name, or a map whose name determines its options: faults are reported for that variant only. */
function variants(plain: readonly string[], table: Readonly<Record<string, Options>>) {
  const of = ([name, { properties = {}, required = [], either = [] }]: readonly [string, Options]) =>
    implies(
      { properties: { name: { const: name } }, required: ['name'] },
      {
        properties: { name: true, ...properties, ...Object.fromEntries(either) },
        required,
        additionalProperties: false,
        ...(either.length === 0 ? {} : oneOf(either.map(([option]) => option))),
      },
    );
  const maps = {
    required: ['name'],
    properties: { name: { enum: Object.keys(table) } },
    allOf: Object.entries(table).map(of),
  };
  return {
    type: ['string', 'object'],
    allOf: [implies({ type: 'string' }, { enum: plain }), implies({ type: 'object' }, maps)],
  };
}

function oneOf(names: readonly string[]) {
  return {
    anyOf: names.map((name) => ({ required: [name] })),
    not: { required: names },
    description: `has one of ${names.join(' and ')}, not both`,
  };
}
