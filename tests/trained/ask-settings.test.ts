import { describe, expect, test } from 'vitest';
import type { EvaluationOfModel } from '../../src/runner/answers/models.ts';
import type { InstanceId } from '../../src/runner/identity.ts';
import { askSettings } from '../../src/trained/ask-settings.ts';
import { chooseEvaluation } from '../../src/trained/choose-evaluation.ts';

const id = (text: string): InstanceId => text as InstanceId; // as the plan names instances
const evaluation = (name: string, isScored: boolean, params = {}): EvaluationOfModel => ({
  instance: id(name),
  stage: name.split('[')[0] ?? '',
  params: { maxLength: 48, ...params },
  isScored,
  cpus: 1,
});

describe('the evaluation whose settings are used', () => {
  const scored = evaluation('eval[a,lora]', true);
  const sampled = evaluation('qualitative[a,lora]', false);
  const foreign = { ...evaluation('size[a,lora]', true), params: { limit: 3 } };
  const chosen = (evaluations: readonly EvaluationOfModel[], as?: string) => {
    const found = chooseEvaluation({ instance: id('train[a,lora]'), evaluations }, as);
    return found.ok ? found.value.instance : found.error;
  };

  test('is the only one with metrics', () => {
    expect(chosen([sampled, scored, foreign])).toBe('eval[a,lora]');
  });
  test.each(['qualitative', 'qualitative:a,lora', 'qualitative[a,lora]'])('is that of --as %s', (as) => {
    expect(chosen([scored, sampled], as)).toBe('qualitative[a,lora]');
  });
  test('must be named where there are several: the error lists them', () => {
    expect(chosen([scored, evaluation('eval[a,lora,b]', true)])).toBe(
      'several evaluations use train[a,lora]: choose one with `--as`: eval:a,lora, eval:a,lora,b',
    );
  });
  test('has to answer questions', () => {
    expect(chosen([scored, sampled, foreign], 'size')).toBe(
      '"size" does not evaluate train[a,lora]: expected one of eval:a,lora, qualitative:a,lora',
    );
    expect(chosen([foreign])).toMatch(/^no instance evaluates only train\[a,lora\]/);
    expect(chosen([sampled])).toMatch(/choose one to use its settings with `--as`: qualitative:a,lora$/);
  });
});

describe('generation settings', () => {
  const beam = evaluation('eval', true, {
    prompt: 'other: {human}',
    sourceTokens: 100,
    beams: 4,
    earlyStopping: 'never',
    lengthPenalty: 0.5,
    noRepeatNgram: 3,
    batch: 32,
    tokenization: 'transformers',
    runtime: 'onnx',
    generation: { repetition_penalty: 2 },
  });
  const model = { params: { prompt: 'ask: {human}' } };
  const settings = (params: EvaluationOfModel, overrides = {}) => {
    const made = askSettings(model, params, overrides);
    return made.ok ? made.value : made.error;
  };

  test('are those of the evaluation, with the prompt of the training', () => {
    expect(settings(beam)).toEqual({
      params: {
        prompt: 'ask: {human}',
        sourceTokens: 100,
        maxLength: 48,
        noRepeatNgram: 3,
        generation: { repetition_penalty: 2 },
        batch: 32,
        tokenization: 'transformers',
        runtime: 'onnx',
      },
      searches: [
        {
          name: 'beam search',
          search: { kind: 'beam', beams: 4, earlyStopping: 'never', lengthPenalty: 0.5, returned: 1 },
        },
      ],
    });
  });

  test('are overridden by the command line', () => {
    expect(settings(beam, { beams: 1, lengthPenalty: 2, maxLength: 9, noRepeatNgram: 0 })).toMatchObject({
      params: { maxLength: 9, noRepeatNgram: 0 },
      searches: [{ search: { kind: 'beam', beams: 1, lengthPenalty: 2 } }],
    });
  });

  const drawn = evaluation('qualitative', false, { temperatures: [0.7, 1], topK: 50, topP: 0.9, seed: 42 });
  test('that sample give one answer per temperature', () => {
    expect(settings(drawn)).toMatchObject({
      searches: [
        {
          name: 'temperature 0.7',
          search: { kind: 'sample', temperature: 0.7, topK: 50, topP: 0.9, seed: 42 },
        },
        { name: 'temperature 1', search: { temperature: 1 } },
      ],
    });
    expect(settings(drawn, { temperature: 2, seed: 1 })).toMatchObject({
      searches: [{ search: { temperature: 2, seed: 1, topK: 50 } }],
    });
    expect(settings(drawn, { beams: 2 })).toMatchObject({
      searches: [{ search: { kind: 'beam', beams: 2 } }],
    });
  });

  test('an option without effect is refused', () => {
    expect(settings(beam, { topK: 3, seed: 1 })).toBe(
      '--top-k, --seed applies to sampled answers only: set --temperature',
    );
    expect(settings(drawn, { lengthPenalty: 3 })).toBe(
      '--length-penalty applies to beam search only: set --beams',
    );
    expect(settings(beam, { temperature: 1, beams: 2 })).toMatch(/set only one of them$/);
  });
});
