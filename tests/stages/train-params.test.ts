import { describe, expect, test } from 'vitest';
import { programCheck } from '../../src/runner/plan/check/check-program.ts';
import { trainParamsSchema } from '../../stages/train/train-params.ts';
import { instanceOf, planOfText } from '../pipeline-file/planned.ts';

const faultsOf = (config: string, validation = '0.1'): readonly string[] => {
  const params =
    `config: { learningRate: 1e-3, batch: 4, ${config} }, prompt: "{human}", baseModel: x, ` +
    `sourceTokens: 64, targetTokens: 64, validation: ${validation}, seed: 1, tokenization: ` +
    'sentencepiece, runtime: onnx';
  const instance = instanceOf(
    planOfText(`stages: { train: { uses: stages/train.ts, params: { ${params} }, outs: { model: m } } }`),
    'train',
  );
  return programCheck({ params: trainParamsSchema, deps: [], outs: ['model'] })(instance).map(
    ({ message }) => message,
  );
};

describe('settings of a training', () => {
  test.each([
    'method: full, maxSteps: 10, warmupSteps: 2, optimizer: adafactor, schedule: ' +
      'reduce_lr_on_plateau, earlyStopping: { patience: 2 }',
    'method: lora, r: 8, alpha: 32, dropout: 0.1, epochs: 2, warmupRatio: 0.1, schedule: { name: ' +
      'cosine_with_min_lr, minRate: 0.1 }',
    'method: lora, schedule: { name: warmup_stable_decay, decaySteps: 3, decayShape: 1-sqrt }, ' +
      'optimizer: { name: adafactor, relativeStep: true, warmupInit: true }',
  ])('%s: accepted', (config) => expect(faultsOf(config)).toEqual([]));

  test.each([
    [
      'method: full, maxSteps: 10, epochs: 2',
      'params.config.epochs cannot be combined with maxSteps: both set when the training ends',
    ],
    [
      'method: lora, warmupSteps: 3, warmupRatio: 0.1',
      'params.config.warmupRatio cannot be combined with warmupSteps: both set the length of the warm-up',
    ],
    ['method: full, r: 8', 'params.config.r is a setting of method: lora'],
    [
      'method: full, evaluateEvery: null, earlyStopping: { patience: 1 }',
      'params.config.earlyStopping has no effect with evaluateEvery: null',
    ],
    [
      'method: full, evaluateEvery: null, schedule: { name: reduce_lr_on_plateau }',
      'params.config.schedule needs evaluations, but evaluateEvery is null',
    ],
    [
      'method: full, optimizer: { name: adafactor, warmupInit: true }',
      'params.config.optimizer.warmupInit needs relativeStep: true: it is the warm-up of relative steps',
    ],
    [
      'method: lora, schedule: { name: cosine, cycels: 2 }',
      'stages/train.ts has no params.config.schedule.cycels: expected one of name, cycles',
    ],
    [
      'method: lora, schedule: { name: cosine_with_min_lr }',
      'params.config.schedule must have "minRate", or must have "minLearningRate"',
    ],
    [
      'method: lora, schedule: { name: cosine_with_min_lr, minRate: 0, minLearningRate: 0 }',
      'params.config.schedule has one of minRate and minLearningRate, not both',
    ],
    ['method: lora, schedule: { cycles: 2 }', 'params.config.schedule must have "name"'],
  ])('%s: refused with a message, once', (config, message) => expect(faultsOf(config)).toEqual([message]));

  test('bf16 is refused where the runtime has no products of it', () => {
    expect(faultsOf('method: full', '0.1, precision: bf16')).toEqual([
      'params.precision is bf16, which the onnx runtime has no products for: set `runtime: ' +
        'tensorflow`, or `precision: float32`',
    ]);
    expect(faultsOf('method: full', '0.1, precision: float32')).toEqual([]);
  });

  test('that need evaluations are refused without held-out rows', () => {
    expect(faultsOf('method: full, earlyStopping: { patience: 1 }', '0')).toEqual([
      'params.config.earlyStopping has no effect with validation: 0',
    ]);
    expect(faultsOf('method: full, schedule: reduce_lr_on_plateau', '0')).toEqual([
      'params.config.schedule needs validation losses, but validation is 0',
    ]);
  });
});
