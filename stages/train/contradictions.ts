import type { Schema } from '../../src/stage/define-stage.ts';
import { bf16NeedsTensorflow } from '../engine/bf16-needs-tensorflow.ts';
import { implies } from './implies.ts';
import { loraSettings } from './lora-settings.ts';

/** Contradictory or impossible settings of a point: schemas for `allOf` that refuse one with the reason. */
export const contradictions: readonly Schema[] = [
  refused(given('maxSteps'), ['epochs'], 'cannot be combined with maxSteps: both set when the training ends'),
  refused(
    given('warmupSteps'),
    ['warmupRatio'],
    'cannot be combined with warmupSteps: both set the length of the warm-up',
  ),
  refused({ properties: { method: { const: 'full' } } }, loraSettings, 'is a setting of method: lora'),
  refused(
    { ...given('evaluateEvery'), properties: { evaluateEvery: { type: 'null' } } },
    ['earlyStopping'],
    'has no effect with evaluateEvery: null',
  ),
  refused(
    {
      ...given('schedule', 'evaluateEvery'),
      properties: { schedule: followsEvaluations(), evaluateEvery: { type: 'null' } },
    },
    ['schedule'],
    'needs evaluations, but evaluateEvery is null',
  ),
  {
    properties: {
      optimizer: refused(
        { properties: { name: { const: 'adafactor' }, relativeStep: { const: false } } },
        ['warmupInit'],
        'needs relativeStep: true: it is the warm-up of relative steps',
      ),
    },
  },
];

/** The same between the settings of a point and the share of the rows that is held out. */
export const contradictionsOfValidation: readonly Schema[] = [
  withoutValidation({ properties: { earlyStopping: never('has no effect with validation: 0') } }),
  withoutValidation(
    refused(
      { ...given('schedule'), properties: { schedule: followsEvaluations() } },
      ['schedule'],
      'needs validation losses, but validation is 0',
    ),
  ),
];

/** The onnx runtime has no kernels for bf16. */
export const contradictionOfPrecision: Schema = refused(
  {
    ...given('precision', 'runtime'),
    properties: { precision: { const: 'bf16' }, runtime: { const: 'onnx' } },
  },
  ['precision'],
  bf16NeedsTensorflow,
);

/** The settings are in the YAML: JSON Schema's `properties` alone also holds where they do not. */
function given(...names: readonly string[]): Schema {
  return { required: names };
}

function followsEvaluations(): Schema {
  return {
    anyOf: [
      { const: 'reduce_lr_on_plateau' },
      { type: 'object', properties: { name: { const: 'reduce_lr_on_plateau' } }, required: ['name'] },
    ],
  };
}

/** If the condition holds, none of the settings may be given. */
function refused(where: Schema, names: readonly string[], reason: string): Schema {
  return implies(where, { properties: Object.fromEntries(names.map((name) => [name, never(reason)])) });
}

/** What a point must satisfy where no rows are held out. */
function withoutValidation(point: Schema): Schema {
  return implies(
    { ...given('validation'), properties: { validation: { const: 0 } } },
    { properties: { config: point } },
  );
}

/** Always fails; the user sees the description. */
function never(reason: string): Schema {
  return { not: {}, description: reason };
}
