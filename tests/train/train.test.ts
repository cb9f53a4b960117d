import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { validationSplit } from '../../src/ml/dataset/split.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { loraTrace } from '../../src/ml/model/lora.ts';
import { loraTargets } from '../../src/ml/model/lora-targets.ts';
import { lossGraph } from '../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import { compile } from '../runtime/compile.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { TrainingRuntime } from '../../src/ml/runtime/runtime.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import { evaluationFeeds } from '../../src/ml/train/micro-batch.ts';
import { oneLayerConfig, weightValues } from '../model/tiny-model.ts';
import { adapter, bitsOf, copyExamples, misleading, trainTiny } from './tiny-training.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

describe('a training', () => {
  test('learns', async () => {
    const { outcome } = await trainTiny({ length: { epochs: 12 }, learningRate: 1e-2 });
    if (outcome.kind !== 'finished') throw new Error(outcome.kind);
    const losses = outcome.records.flatMap((record) => ('loss' in record ? [record.loss] : []));
    expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] ?? 0));
    expect(outcome.best?.evaluationLoss).toBeLessThan(losses[0] ?? 0);
  });

  for (const [name, config] of Object.entries({
    'full, AdamW': {},
    'full, Adafactor with a first moment': {
      optimizer: { name: 'adafactor', scaleParameter: true, relativeStep: false, beta1: 0.9 },
    },
    'LoRA, accumulation over uneven micro-batches': {
      method: { kind: 'lora', adapter },
      accumulation: 3,
      batch: 3,
    },
    'LoRA with a head trained whole and biases': {
      method: { kind: 'lora', adapter: { ...adapter, bias: 'all', modulesToSave: ['lm_head'] } },
      groupByLength: true,
    },
  } as const)) {
    test(`${name}: interrupted and run again, it ends with the same bits`, async () => {
      const settings = {
        ...config,
        length: { epochs: 1 },
        checkpoint: { steps: 2 },
        evaluate: { steps: 2 },
        restoreBest: true,
      } as const;
      const whole = await trainTiny(settings);
      const total = whole.outcome.kind === 'finished' ? whole.outcome.steps : 0;
      for (const interruptAt of [3, total - 1]) {
        const first = await trainTiny(settings, { interruptAt });
        expect(first.outcome).toEqual({ kind: 'interrupted', step: interruptAt });
        const second = await trainTiny(settings, { scratch: first.scratch });
        expect(second.events.find((event) => event.kind === 'start')).toMatchObject({
          resumedAt: interruptAt,
        });
        expect(bitsOf(second)).toEqual(bitsOf(whole));
      }
    });
  }

  test('stopped after each epoch and resumed elsewhere, it ends with the same bits', async () => {
    const settings = {
      method: { kind: 'lora', adapter },
      length: { epochs: 3 },
      evaluate: { steps: 2 },
      restoreBest: true,
    } as const;
    const whole = await trainTiny(settings);
    const folder = await mkdtemp(join(tmpdir(), 'states-'));
    const first = await trainTiny(settings, { stopAtEpoch: 1, leaveStateIn: join(folder, '1') });
    const second = await trainTiny(settings, {
      stopAtEpoch: 2,
      takeStateFrom: join(folder, '1'),
      leaveStateIn: join(folder, '2'),
    });
    const last = await trainTiny(settings, { takeStateFrom: join(folder, '2') });
    expect(bitsOf(last)).toEqual(bitsOf(whole));
    const steps = [first, second, last].map(({ outcome }) => outcome.kind === 'finished' && outcome.steps);
    expect(steps).toEqual([1, 2, 3].map((epoch) => (epoch * Number(steps[2])) / 3));
    // It is further than the state: that of its own scratch folder counts.
    const again = await trainTiny(settings, { takeStateFrom: join(folder, '1'), scratch: second.scratch });
    expect(again.events).toContainEqual(expect.objectContaining({ kind: 'start', resumedAt: steps[1] }));
    expect(bitsOf(again)).toEqual(bitsOf(whole));
    await rm(folder, { recursive: true });
  });

  test('the state of a training with other settings is refused, and so is a folder without one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'states-'));
    const settings = { length: { epochs: 2 } } as const;
    await trainTiny(settings, { stopAtEpoch: 1, leaveStateIn: join(folder, 'state') });
    const other = await trainTiny(
      { ...settings, learningRate: 0.5 },
      { takeStateFrom: join(folder, 'state') },
    );
    expect(other.outcome).toMatchObject({
      kind: 'failed',
      problem: expect.stringContaining('is the state of a training with different rows or settings'),
    });
    const none = await trainTiny(settings, { takeStateFrom: folder });
    expect(none.outcome).toMatchObject({
      kind: 'failed',
      problem: expect.stringContaining('contains no training state'),
    });
    await rm(folder, { recursive: true });
  });

  test('interrupted in an evaluation, it leaves a checkpoint and ends with the same bits', async () => {
    const settings = {
      length: { steps: 6 },
      evaluate: { steps: 2 },
      restoreBest: true,
      earlyStopping: { patience: 2, threshold: 0 },
    } as const;
    const measure = async () => ({ score: 1 });
    const whole = await trainTiny(settings, { measure });
    for (const step of [2, 6]) {
      const stop = new AbortController();
      let measured = 0;
      const inMeasure = await trainTiny(settings, {
        signal: stop.signal,
        measure: async () => {
          measured += 1;
          if (measured * 2 === step) stop.abort();
          stop.signal.throwIfAborted();
          return { score: 1 };
        },
      });
      const inLoss = await trainTiny(settings, { interruptAt: step, measure });
      for (const { outcome, scratch, events: said } of [inMeasure, inLoss]) {
        expect(outcome).toEqual({ kind: 'interrupted', step });
        expect(said.at(-1)).toEqual({ kind: 'checkpoint', step });
        const again = await trainTiny(settings, { scratch, measure });
        expect(again.events[1]).toMatchObject({ kind: 'evaluation', record: { step } });
        expect(bitsOf(again)).toEqual(bitsOf(whole));
      }
    }
  });

  test('a measure that throws for another reason than the signal is a bug, and shown as one', async () => {
    const stop = new AbortController();
    const measure = async (): Promise<never> => {
      stop.abort();
      throw new Error('a bug here');
    };
    await expect(trainTiny({}, { signal: stop.signal, measure })).rejects.toThrow('a bug here');
  });

  test('killed without warning, it resumes from the newest complete checkpoint', async () => {
    const settings = { length: { epochs: 3 }, checkpoint: { steps: 4 }, keepCheckpoints: 100 } as const;
    const whole = await trainTiny(settings);
    const checkpoints = (await readdir(whole.scratch)).sort();
    expect(checkpoints.length).toBeGreaterThan(3);
    for (const left of [checkpoints.length - 1]) {
      const scratch = await mkdtemp(join(tmpdir(), 'killed-'));
      for (const name of checkpoints.slice(0, left))
        await cp(join(whole.scratch, name), join(scratch, name), { recursive: true });
      await cp(join(whole.scratch, checkpoints[left] ?? ''), join(scratch, '.partial-0123456789abcdef'), {
        recursive: true,
      });
      const again = await trainTiny(settings, { scratch });
      expect(bitsOf(again)).toEqual(bitsOf(whole));
      expect((await readdir(scratch)).filter((name) => name.startsWith('.'))).toEqual([]);
    }
  });

  test('one and two threads give the same bits', async () => {
    expect(bitsOf(await trainTiny({}, { threads: 1 }))).toEqual(bitsOf(await trainTiny({}, { threads: 2 })));
  });

  test('another seed gives another training', async () => {
    expect(bitsOf(await trainTiny({ seed: 1 }))).not.toEqual(bitsOf(await trainTiny({ seed: 2 })));
  });

  test('without steps the model is unchanged, and evaluated', async () => {
    const { outcome, trained } = await trainTiny({
      method: { kind: 'lora', adapter },
      length: { epochs: 0 },
    });
    expect(outcome).toMatchObject({ kind: 'finished', steps: 0, stoppedEarly: false, best: { step: 0 } });
    for (const [name, { data }] of trained)
      if (name.includes('lora_B')) expect(data.every((value) => Number(value) === 0)).toBe(true);
  });

  test('returns the best evaluation, keeps its checkpoint, and no more than requested', async () => {
    const settings = { schedule: { name: 'constant' }, checkpoint: { steps: 3 } } as const;
    const { outcome, trained, scratch, events } = await trainTiny(
      { ...settings, length: { epochs: 12 }, restoreBest: true, keepCheckpoints: 2 },
      { examples: misleading },
    );
    if (outcome.kind !== 'finished') throw new Error(outcome.kind);
    const evaluations = outcome.records.flatMap((record) => ('evaluationLoss' in record ? [record] : []));
    expect(outcome.best?.evaluationLoss).toBe(
      Math.min(...evaluations.map(({ evaluationLoss }) => evaluationLoss)),
    );
    expect(outcome.best?.step).toBeLessThan(outcome.steps);
    const kept = (await readdir(scratch)).filter((name) => name.startsWith('checkpoint-'));
    expect(kept).toHaveLength(2);
    expect(kept).toContain(`checkpoint-${String(outcome.best?.step).padStart(8, '0')}`);
    expect(events.filter((event) => event.kind === 'evaluation' && event.best).at(-1)).toMatchObject({
      record: { step: outcome.best?.step },
    });
    // The same training without going on after the best evaluation ends where this one was taken back to.
    const until = await trainTiny(
      { ...settings, length: { steps: outcome.best?.step ?? 0 } },
      { examples: misleading },
    );
    expect(until.outcome).toMatchObject({ kind: 'finished' });
    expect(trained).toEqual(until.trained);
  });

  test('checkpoints and the result are read from the engine one tensor at a time', async () => {
    const reads: number[] = [];
    const runtime = await openRuntime('onnx', { threads: 1 });
    const { outcome, trained } = await trainTiny(
      { checkpoint: { steps: 3 }, restoreBest: true },
      { runtime: countingReads(runtime, (elements) => reads.push(elements)) },
    );
    expect(outcome.kind).toBe('finished');
    const sizes = [...trained.values()].map(({ data }) => data.length);
    expect(Math.max(...reads)).toBe(Math.max(...sizes));
  });

  test('measures the plain model, its adapter merged, at each evaluation', async () => {
    const seen: Feeds[] = [];
    const { outcome, trained } = await trainTiny(
      { method: { kind: 'lora', adapter }, learningRate: 0.01 },
      {
        measure: async (parameters) => {
          seen.push(parameters);
          return { score: seen.length };
        },
      },
    );
    if (outcome.kind !== 'finished') throw new Error(outcome.kind);
    expect(outcome.records.flatMap((record) => ('evaluationLoss' in record ? [record.metrics] : []))).toEqual(
      [{ score: 1 }, { score: 2 }],
    );
    const targets = loraTargets(adapter, oneLayerConfig);
    if (!targets.ok) throw new Error(targets.error);
    const base = initialiseMt5(oneLayerConfig, 7);
    expect(Object.keys(seen[1] ?? {}).sort()).toEqual([...base.keys()].sort());
    const plain = await compile(
      await openRuntime('onnx', { threads: 1 }),
      lossGraph(plainTrace(oneLayerConfig)),
    );
    const beside = await compile(
      await openRuntime('onnx', { threads: 1 }),
      lossGraph(loraTrace(oneLayerConfig, targets.value, 0, (x) => x)),
    );
    const batch = evaluationFeeds(copyExamples, oneLayerConfig);
    const { loss: merged } = await plain.run({ ...seen[1], ...batch });
    const { loss: adapted } = await beside.run({
      ...weightValues(oneLayerConfig, base),
      ...Object.fromEntries(trained),
      ...batch,
    });
    expect(Number(merged?.data[0])).toBeCloseTo(Number(adapted?.data[0]), 5);
    expect(Number(merged?.data[0])).not.toBeCloseTo(
      Number((await plain.run({ ...weightValues(oneLayerConfig, base), ...batch }))['loss']?.data[0]),
      3,
    );
  });

  test('evaluates as the Seq2SeqTrainer: the mean of batch means, whatever their sizes', async () => {
    const lossBy = async (evaluationBatch: number): Promise<number> => {
      const { outcome } = await trainTiny({ length: { steps: 0 }, evaluationBatch });
      return outcome.kind === 'finished' ? (outcome.best?.evaluationLoss ?? Number.NaN) : Number.NaN;
    };
    const { heldOut } = validationSplit(copyExamples.length, 0.2, 42);
    expect(heldOut).toHaveLength(6);
    const program = await compile(
      await openRuntime('onnx', { threads: 1 }),
      lossGraph(plainTrace(oneLayerConfig)),
    );
    const meanOf = async (rows: readonly number[]): Promise<number> => {
      const batch = evaluationFeeds(
        rows.flatMap((row) => copyExamples[row] ?? []),
        oneLayerConfig,
      );
      return Number(
        (await program.run({ ...weightValues(oneLayerConfig, initialiseMt5(oneLayerConfig, 7)), ...batch }))[
          'loss'
        ]?.data[0],
      );
    };
    expect(await lossBy(4)).toBeCloseTo(
      ((await meanOf(heldOut.slice(0, 4))) + (await meanOf(heldOut.slice(4)))) / 2,
      6,
    );
    expect(await lossBy(6)).toBeCloseTo(await meanOf(heldOut), 6);
  });

  test('the selection loss depends neither on batches nor on label smoothing', async () => {
    const lossesBy = async (changes: Partial<TrainConfig>) => {
      const { outcome } = await trainTiny({ length: { steps: 0 }, ...changes }, { wantsRowLosses: true });
      if (outcome.kind !== 'finished') throw new Error(outcome.kind);
      return { ...outcome.given, rows: outcome.rowLosses };
    };
    const plain = await lossesBy({});
    const others = [
      await lossesBy({ batch: 1, evaluationBatch: 1 }),
      await lossesBy({ batch: 3, evaluationBatch: 3, labelSmoothing: 0.2 }),
    ];
    for (const { selectionLoss, evaluationLoss, rows } of others) {
      expect(selectionLoss).toBe(plain.selectionLoss);
      expect(evaluationLoss).not.toBe(plain.evaluationLoss);
      expect(rows.map(({ exact }) => exact)).toEqual(plain.rows.map(({ exact }) => exact));
    }
    const tokens = plain.rows.reduce((sum, row) => sum + row.tokens, 0);
    expect(plain.rows.reduce((sum, row) => sum + row.exact, 0) / tokens).toBe(plain.selectionLoss);
    expect(plain.rows.map(({ smoothed }) => smoothed)).toEqual(plain.rows.map(({ exact }) => exact));
    expect(others[1]?.rows.every(({ smoothed, exact }) => smoothed !== exact)).toBe(true);
  });

  test('stops early when evaluations no longer improve', async () => {
    const { outcome } = await trainTiny({
      length: { epochs: 50 },
      learningRate: 0.3,
      schedule: { name: 'constant' },
      earlyStopping: { patience: 2, threshold: 0 },
    });
    if (outcome.kind !== 'finished') throw new Error(outcome.kind);
    expect(outcome.stoppedEarly).toBe(true);
    const losses = outcome.records.flatMap((record) =>
      'evaluationLoss' in record ? [record.evaluationLoss] : [],
    );
    expect(Math.min(...losses.slice(0, -2))).toBeLessThanOrEqual(Math.min(...losses.slice(-2)));
  });

  test('a loss that is not finite stops it, with step and rows named and the batch saved', async () => {
    const { outcome } = await trainTiny({
      learningRate: 1e30,
      maxGradientNorm: null,
      warmup: { steps: 0 },
      schedule: { name: 'constant' },
      length: { epochs: 10 },
    });
    if (outcome.kind !== 'diverged') throw new Error(outcome.kind);
    expect(outcome.step).toBeGreaterThan(1);
    const saved = JSON.parse(await readFile(outcome.batchFile, 'utf8'));
    expect(saved).toMatchObject({ during: 'step', step: outcome.step, rows: outcome.rows });
    expect(saved.batch).toEqual(outcome.rows.map((row) => copyExamples[row]));
  });

  test('an evaluation loss that is not finite stops it too, with the rows of that batch saved', async () => {
    const { outcome, events } = await trainTiny({
      learningRate: 1e39,
      maxGradientNorm: null,
      warmup: { steps: 0 },
      schedule: { name: 'constant' },
      evaluate: { steps: 1 },
      restoreBest: true,
    });
    if (outcome.kind !== 'diverged') throw new Error(outcome.kind);
    expect(outcome).toMatchObject({ during: 'evaluation', step: 1 });
    expect(JSON.parse(await readFile(outcome.batchFile, 'utf8')).batch).toEqual(
      outcome.rows.map((row) => copyExamples[row]),
    );
    expect(events.filter(({ kind }) => kind === 'evaluation')).toEqual([]);
  });

  describe('whose newest checkpoint is damaged', () => {
    const settings = {
      length: { steps: 9 },
      checkpoint: { steps: 3 },
      evaluate: null,
      keepCheckpoints: 5,
    } as const;
    test.each([
      [
        'a bit of a tensor turned',
        (bytes: Buffer) => bytes.with(bytes.length - 7, (bytes.at(-7) ?? 0) ^ 1),
        'tensors.safetensors',
      ],
      ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1), 'tensors.safetensors'],
      [
        'a digit of the state changed',
        (bytes: Buffer) => Buffer.from(bytes.toString().replace(/"loss": \d/, '"loss": 9')),
        'state.json',
      ],
      ['no state', () => Buffer.alloc(0), 'state.json'],
    ] as const)(
      '(%s) resumes from an older one with a warning, or restarts, and ends with the same bits',
      async (_, damaged, file) => {
        const whole = await trainTiny(settings);
        const { scratch } = await trainTiny(settings, { interruptAt: 7 });
        for (const [newest, resumedAt] of [
          [7, 6],
          [6, 3],
        ] as const) {
          const path = join(scratch, `checkpoint-${String(newest).padStart(8, '0')}`, file);
          await writeFile(path, damaged(await readFile(path)));
          const again = await trainTiny(settings, { scratch, interruptAt: 1 + resumedAt });
          expect(again.events.filter(({ kind }) => kind === 'warning')).toMatchObject([
            { text: expect.stringMatching(`step ${newest} cannot be used`) },
          ]);
          expect(again.events).toContainEqual(expect.objectContaining({ kind: 'start', resumedAt }));
          await rm(join(scratch, `checkpoint-${String(1 + resumedAt).padStart(8, '0')}`), {
            recursive: true,
          });
        }
        await rm(join(scratch, 'checkpoint-00000003', file));
        const anew = await trainTiny(settings, { scratch });
        expect(anew.events).toContainEqual(expect.objectContaining({ kind: 'start', resumedAt: 0 }));
        expect(bitsOf(anew)).toEqual(bitsOf(whole));
      },
    );
  });

  test('whose best checkpoint is damaged reports it, and run again makes it again', async () => {
    const settings = {
      length: { epochs: 12 },
      restoreBest: true,
      checkpoint: { steps: 3 },
      keepCheckpoints: 50,
    } as const;
    const whole = await trainTiny(settings, { examples: misleading });
    if (whole.outcome.kind !== 'finished') throw new Error(whole.outcome.kind);
    const [path, { scratch }] = [
      join(
        whole.scratch,
        `checkpoint-${String(whole.outcome.best?.step).padStart(8, '0')}`,
        'tensors.safetensors',
      ),
      whole,
    ];
    const bits = bitsOf(whole);
    await writeFile(path, (await readFile(path)).subarray(0, 100));
    expect((await trainTiny(settings, { scratch, examples: misleading })).outcome).toMatchObject({
      kind: 'failed',
      problem: expect.stringMatching(/best evaluation.*run again/),
    });
    expect(bitsOf(await trainTiny(settings, { scratch, examples: misleading }))).toEqual(bits);
  });

  test('whose newest checkpoint is unreadable reports it and removes nothing', async () => {
    const settings = { length: { steps: 9 }, checkpoint: { steps: 3 }, evaluate: null } as const;
    const whole = await trainTiny(settings);
    const { scratch } = await trainTiny(settings, { interruptAt: 7 });
    const tensors = join(scratch, 'checkpoint-00000007/tensors.safetensors');
    const bytes = await readFile(tensors);
    await rm(tensors);
    await symlink('tensors.safetensors', tensors); // opening it fails, for every user
    const { outcome, events } = await trainTiny(settings, { scratch });
    expect(outcome).toMatchObject({
      kind: 'failed',
      problem: expect.stringMatching(/00000007.*lead in a cycle.*checkpoint of step 7 was left.*run again/),
    });
    expect(events).toEqual([]);
    await rm(tensors);
    await writeFile(tensors, bytes);
    const again = await trainTiny(settings, { scratch });
    expect(again.events).toContainEqual(expect.objectContaining({ kind: 'start', resumedAt: 7 }));
    expect(bitsOf(again)).toEqual(bitsOf(whole));
  });

  test('whose best checkpoint is unreadable, but not known to be damaged, keeps it', async () => {
    const settings = {
      length: { epochs: 12 },
      restoreBest: true,
      checkpoint: { steps: 3 },
      keepCheckpoints: 50,
    } as const;
    const { outcome, scratch } = await trainTiny(settings, { examples: misleading });
    if (outcome.kind !== 'finished') throw new Error(outcome.kind);
    const tensors = join(
      scratch,
      `checkpoint-${String(outcome.best?.step).padStart(8, '0')}`,
      'tensors.safetensors',
    );
    await rm(tensors);
    await symlink('tensors.safetensors', tensors);
    const before = await readdir(scratch);
    expect((await trainTiny(settings, { scratch, examples: misleading })).outcome).toMatchObject({
      kind: 'failed',
      problem: expect.stringMatching(/lead in a cycle/),
    });
    expect(await readdir(scratch)).toEqual(before);
  });

  test('with other tokens in its rows is another training, even with equal lengths', async () => {
    const first = await trainTiny({ length: { steps: 9 } }, { interruptAt: 5 });
    const examples = copyExamples.map(({ source, target }) => ({ source, target: target.with(0, 3) }));
    const second = await trainTiny({ length: { steps: 9 } }, { scratch: first.scratch, examples });
    expect(second.events).toContainEqual(expect.objectContaining({ kind: 'start', resumedAt: 0 }));
  });

  test('checkpoints of another training in its scratch are removed with a warning', async () => {
    const first = await trainTiny({ length: { steps: 9 } }, { interruptAt: 5 });
    const second = await trainTiny({ length: { steps: 9 }, learningRate: 1e-3 }, { scratch: first.scratch });
    expect(second.events.filter((event) => event.kind === 'warning')).toHaveLength(1);
    expect(bitsOf(second)).toEqual(bitsOf(await trainTiny({ length: { steps: 9 }, learningRate: 1e-3 })));
  });

  test.each([
    [
      'a token outside the vocabulary',
      { examples: [{ source: [3, 1], target: [23, 1] }, ...copyExamples] },
      {},
      /row 1 has the token 23.*23 entries/,
    ],
    [
      'a token with a text outside the vocabulary',
      { examples: [{ source: [3, 23], target: [1] }, ...copyExamples], tokenText: () => '茶' },
      {},
      /row 1 has the token "茶" \(id 23\), but/,
    ],
    [
      'a row without tokens',
      { examples: [...copyExamples, { source: [], target: [1] }] },
      {},
      /row 31 has no source token/,
    ],
    ['no rows', { examples: [] }, {}, /no rows are left for training/],
    [
      'targets that no layer has',
      {},
      { method: { kind: 'lora', adapter: { ...adapter, targetModules: ['query'] } } },
      /query.*selects no layer.*named q, k, v, o/,
    ],
  ] as const)('%s is refused with a message', async (_, options, config, message) => {
    const { outcome } = await trainTiny(config, options);
    expect(outcome).toMatchObject({ kind: 'failed', problem: expect.stringMatching(message) });
  });
});

/** Tells of each read of a training's session how many elements it took to the host at once. */
const countingReads = (runtime: TrainingRuntime, tell: (elements: number) => void): TrainingRuntime => ({
  ...runtime,
  async openTraining(plan) {
    const session = await runtime.openTraining(plan);
    return {
      ...session,
      async read(names) {
        const values = await session.read(names);
        tell(Object.values(values).reduce((sum, { data }) => sum + data.length, 0));
        return values;
      },
    };
  },
});
