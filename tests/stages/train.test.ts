import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as engine from '../../src/ml/runtime/onnx/onnx-training.ts';
import { stage as train } from '../../stages/train.ts';
import type { MethodParams } from '../../stages/train/train-params.ts';
import { stage as measured } from '../../stages/train-measured.ts';
import type { StageMessage } from '../../src/stage/message.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

const base = join(import.meta.dirname, '../../data/models/nano-mt5');
const params = {
  config: { method: 'lora', learningRate: 1e-3, maxSteps: 4, batch: 4, evaluateEvery: 2 },
  prompt: 'medical question: {human}',
  baseModel: 'data/models/nano-mt5',
  sourceTokens: 16,
  targetTokens: 64,
  validation: 0.2,
  seed: 1,
  tokenization: 'sentencepiece',
  runtime: 'onnx',
} as const;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-stage-'));
  const rows = Array.from({ length: 20 }, (_, index) => ({
    human: `What helps against headache, case ${index}? ${'It lasts. '.repeat(index)}`,
    assistant: `Hello. Take tea ${index}.`,
  }));
  await writeFile(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

afterAll(() => rm(folder, { recursive: true }));

const contextOf = (name: string, messages: StageMessage[] = [], signal = new AbortController().signal) => ({
  deps: { base, train: join(folder, 'rows.jsonl') },
  gathered: { base: [], train: [] },
  outs: {
    model: join(folder, name, 'model'),
    log: join(folder, name, 'log.jsonl'),
    summary: join(folder, name, 'summary.json'),
  },
  scratch: join(folder, `${name}-scratch`),
  engine,
  cpus: 1,
  device: 'cpu' as const,
  signal,
  emit: (message: StageMessage) => void messages.push(message),
});

const weights = 'model/adapter_model.safetensors';

/** Whether two files in the folder have the same bytes. */
const isSame = async (left: string, right: string): Promise<boolean> =>
  (await readFile(join(folder, left))).equals(await readFile(join(folder, right)));

const linesOf = async (path: string): Promise<readonly Record<string, unknown>[]> =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the stage program train', () => {
  test('a validation share without rows is refused where needed, else reported', async () => {
    const few = { ...params, validation: 0.04, config: { ...params.config, evaluateEvery: null } };
    const refused = async (config: Partial<MethodParams>) =>
      train.run({ ...contextOf('none'), params: { ...few, config: { ...params.config, ...config } } });
    for (const [need, config] of [
      ['earlyStopping', { earlyStopping: { patience: 1 } }],
      ['restoreBest', { restoreBest: true }],
      ['selectBy', { selectBy: 'selectionLoss' }],
      ['schedule: reduce_lr_on_plateau', { schedule: 'reduce_lr_on_plateau' }],
    ] as const)
      expect(await refused(config as Partial<MethodParams>)).toEqual({
        ok: false,
        error:
          'validation: 0.04 of 20 training rows rounds down to no rows: give a share of at least ' +
          `0.05, or validation: 0; ${need} needs validation rows`,
      });
    const messages: StageMessage[] = [];
    expect(await train.run({ ...contextOf('said', messages), params: few })).toMatchObject({ ok: true });
    expect(messages).toContainEqual({
      kind: 'warning',
      text: expect.stringMatching(
        /rounds down to no rows.*without validation, the model of the last step is used/,
      ),
    });
  });

  test('leaves an adapter folder, a series without clock times, and a summary', async () => {
    const messages: StageMessage[] = [];
    expect(await train.run({ ...contextOf('plain', messages), params })).toEqual({
      ok: true,
      value: undefined,
    });
    const steps = await linesOf(join(folder, 'plain/log.jsonl'));
    expect(steps.filter((record) => 'loss' in record)).toHaveLength(4);
    expect(steps.filter((record) => 'evaluationLoss' in record)).toHaveLength(2);
    expect(JSON.parse(await readFile(join(folder, 'plain/model/adapter_config.json'), 'utf8'))).toMatchObject(
      { base_model_name_or_path: 'data/models/nano-mt5', r: 8 },
    );
    expect(await readFile(join(folder, 'plain/model/README.md'), 'utf8')).toMatch(
      /^---\nlibrary_name: peft\n[\s\S]*Rows of a question and an answer: 16 for training and\n4 for validation/,
    );
    expect(JSON.parse(await readFile(join(folder, 'plain/summary.json'), 'utf8'))).toMatchObject({
      method: 'lora',
      steps: 4,
      train_rows: 16,
      validation_rows: 4,
      truncation: [
        { what: 'questions', limit: 16, rows: 20 },
        { what: 'answers', rows: 20 },
      ],
    });
    expect(messages).toContainEqual(
      expect.objectContaining({ kind: 'truncated', what: 'questions', limit: 16 }),
    );
  });

  test('a base model of the hub is written as peft expects: name and revision', async () => {
    const named = {
      ...params,
      baseModel: 'hf:google/mt5-small@v1.0',
      config: { ...params.config, maxSteps: 0 },
    };
    expect(await train.run({ ...contextOf('hub'), params: named })).toEqual({ ok: true, value: undefined });
    expect(JSON.parse(await readFile(join(folder, 'hub/model/adapter_config.json'), 'utf8'))).toMatchObject({
      base_model_name_or_path: 'google/mt5-small',
      revision: 'v1.0',
    });
  });

  test('stopped after an epoch and resumed, it ends with the bytes of an unstopped training', async () => {
    const { maxSteps: _, ...rest } = params.config;
    const long = { ...params, config: { ...rest, epochs: 3 } };
    expect(await train.run({ ...contextOf('whole'), params: long })).toMatchObject({ ok: true });
    const first = contextOf('rung-1');
    const state = join(folder, 'rung-1/state');
    expect(
      await train.run({
        ...first,
        outs: { ...first.outs, state },
        params: { ...long, stopAtEpoch: 1 },
      }),
    ).toMatchObject({ ok: true });
    const last = contextOf('rung-2');
    expect(
      await train.run({
        ...last,
        deps: { ...last.deps, state },
        gathered: { ...last.gathered, state: [] },
        params: long,
      }),
    ).toMatchObject({ ok: true });
    for (const name of ['log.jsonl', 'summary.json', 'model/adapter_model.safetensors', 'model/README.md'])
      expect(await isSame(`rung-2/${name}`, `whole/${name}`), name).toBe(true);
    const steps = await linesOf(join(folder, 'rung-1/log.jsonl'));
    expect((await linesOf(join(folder, 'whole/log.jsonl'))).slice(0, steps.length)).toEqual(steps);
  });

  test('interrupted and run again, it ends with the bytes of an uninterrupted training', async () => {
    const controller = new AbortController();
    const stopping = contextOf('resumed', [], controller.signal);
    const first = await train.run({
      ...stopping,
      params,
      emit: (message) => {
        if (message.kind === 'metric' && message.step === 2) controller.abort();
      },
    });
    expect(first).toMatchObject({ ok: false, error: expect.stringContaining('interrupted after step 2') });
    expect(await train.run({ ...contextOf('resumed'), params })).toEqual({ ok: true, value: undefined });
    for (const name of ['log.jsonl', 'summary.json', 'model/adapter_model.safetensors'])
      expect(await isSame(`resumed/${name}`, `plain/${name}`), name).toBe(true);
  });

  test('a missing model folder is an error that names it', async () => {
    const context = contextOf('missing');
    expect(
      await train.run({ ...context, deps: { ...context.deps, base: join(folder, 'nowhere') }, params }),
    ).toMatchObject({ ok: false, error: expect.stringContaining('nowhere') });
  });

  test('an adapter as a dep is trained further with its own settings', async () => {
    const config = { method: 'lora', learningRate: 1e-3, batch: 4, epochs: 0 } as const;
    const { model } = contextOf('plain').outs;
    const goOn = (name: string, changes: Partial<MethodParams>) =>
      train.run({
        ...contextOf(name),
        deps: { ...contextOf(name).deps, adapter: model },
        params: { ...params, config: { ...config, ...changes } },
      });
    expect(await goOn('adapter-same', {})).toEqual({ ok: true, value: undefined });
    for (const name of ['model/adapter_model.safetensors', 'model/adapter_config.json'])
      expect(await isSame(`adapter-same/${name}`, `plain/${name}`), name).toBe(true);
    const [baseline] = await linesOf(join(folder, 'adapter-same/log.jsonl'));
    expect(baseline?.['evaluationLoss']).toBe(
      (await linesOf(join(folder, 'plain/log.jsonl'))).at(-1)?.['evaluationLoss'],
    );
    expect(await goOn('adapter-more', { epochs: 1 })).toEqual({ ok: true, value: undefined });
    expect(await isSame(`adapter-more/${weights}`, `plain/${weights}`)).toBe(false);

    expect(await goOn('adapter-full', { method: 'full' })).toEqual({
      ok: false,
      error: `the dep adapter (${model}) needs method: lora, found method: full`,
    });
    expect(await goOn('adapter-other', { r: 4, targets: ['q'] })).toEqual({
      ok: false,
      error: `${model} already sets r, targets: remove them from config`,
    });
    expect(
      await train.run({
        ...contextOf('adapter-none'),
        deps: { ...contextOf('adapter-none').deps, adapter: base },
        params: { ...params, config },
      }),
    ).toMatchObject({ ok: false, error: expect.stringContaining('adapter_config.json') });
  });

  test('measured, it scores answers at every evaluation and trains to the same weights', async () => {
    const measure = { rows: 2, maxLength: 8, batch: 2 };
    expect(await measured.run({ ...contextOf('measured'), params: { ...params, measure } })).toEqual({
      ok: true,
      value: undefined,
    });
    const evaluations = (await linesOf(join(folder, 'measured/log.jsonl'))).filter(
      (record) => 'evaluationLoss' in record,
    );
    for (const evaluation of evaluations)
      expect(evaluation['metrics']).toEqual({
        rougeL: expect.any(Number),
        f1: expect.any(Number),
        exact_match: expect.any(Number),
      });
    expect(await isSame(`measured/${weights}`, `plain/${weights}`)).toBe(true);
  });

  test('measured, a missing generation setting is a warning, never a failure', async () => {
    const other = join(folder, 'guided');
    await cp(base, other, { recursive: true });
    await writeFile(join(other, 'generation_config.json'), JSON.stringify({ guidance_scale: 2 }));
    const messages: StageMessage[] = [];
    const context = contextOf('guided', messages);
    const measure = { rows: 2, maxLength: 8, batch: 2 };
    expect(
      await measured.run({
        ...context,
        deps: { ...context.deps, base: other },
        params: { ...params, measure },
      }),
    ).toEqual({ ok: true, value: undefined });
    expect(messages).toContainEqual({
      kind: 'warning',
      text: expect.stringMatching(/without the model's own generation settings: .*guidance_scale is 2/),
    });
  });

  test('measured, interrupted while generating and run again, it ends with the same bytes', async () => {
    const measure = { rows: 4, maxLength: 8, batch: 1 };
    expect(await measured.run({ ...contextOf('measured-whole'), params: { ...params, measure } })).toEqual({
      ok: true,
      value: undefined,
    });
    const stop = new AbortController();
    const stopping = contextOf('measured-resumed', [], stop.signal);
    const first = await measured.run({
      ...stopping,
      params: { ...params, measure },
      emit: (message) => {
        if (message.kind === 'metric' && message.step === 2) stop.abort();
      },
    });
    expect(first).toMatchObject({ ok: false, error: 'interrupted after step 2; a checkpoint was written' });
    expect(await measured.run({ ...contextOf('measured-resumed'), params: { ...params, measure } })).toEqual({
      ok: true,
      value: undefined,
    });
    for (const name of ['log.jsonl', 'summary.json', 'model/adapter_model.safetensors'])
      expect(await isSame(`measured-resumed/${name}`, `measured-whole/${name}`), name).toBe(true);
  });
});
