import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { isDecayed } from '../../src/ml/train/decay.ts';
import type { OptimizerSettings } from '../../src/ml/runtime/optimizer.ts';
import type { Values } from '../../src/ml/runtime/runtime.ts';
import { relativeStep } from '../../src/ml/train/relative-step.ts';
import { type Schedule, scheduleFactor } from '../../src/ml/train/schedule.ts';
import {
  batchRows,
  countLabels,
  modelsWith,
  mt5Folder,
  readJsonTable,
  readModelFolder,
  readTable,
  worstDifference,
} from './mt5-tables.ts';
import { computedAmong, movedNumbers } from './parameter-gradients.ts';
import {
  chaos,
  expectTrajectory,
  type Logged,
  settled,
  type Settled,
  type Step,
  type Trajectory,
} from './trajectory-drift.ts';
import { expectWithin, roundingAllowance } from './within.ts';
import { fillWith, oracleRuntime, trainedParameters } from './oracle-runtime.ts';

interface RunConfig {
  readonly opt: 'adamw' | 'adafactor';
  readonly lr?: number;
  readonly wd?: number;
  readonly schedule?: 'linear' | 'cosine';
  readonly warmup?: number;
  readonly steps: number;
  readonly clip?: number;
  readonly accumulate?: number;
  readonly normalise?: 'tokens' | 'means';
  readonly adafactor?: {
    readonly scale_parameter?: boolean;
    readonly relative_step?: boolean;
    readonly warmup_init?: boolean;
    readonly lr?: number | null;
    readonly beta1?: number;
    readonly weight_decay?: number;
  };
}

interface Trajectories {
  readonly decay_parameters: readonly string[];
  readonly all_parameters: readonly string[];
  readonly runs: Readonly<Record<string, { readonly config: RunConfig; readonly log: readonly Logged[] }>>;
}

const models = modelsWith('.train.json', '.train-batches.safetensors', '/model.safetensors');

describe.skipIf(models.length === 0)('training against trajectories of torch and transformers', () => {
  for (const model of models) describe(model, () => trajectoryTests(model));
});

describe.skipIf(!existsSync(join(mt5Folder, 'schedules.json')))(
  'learning rates against the schedules of transformers',
  () => {
    test('every schedule, every step', async () => {
      const table: Readonly<Record<string, readonly number[]>> = await readJsonTable('schedules.json');
      expect(Object.keys(table).length).toBeGreaterThan(0);
      for (const [key, factors] of Object.entries(table)) {
        const [name = '', warmup = '', total = ''] = key.split('/');
        const ours = factors.map((_, step) =>
          scheduleFactor(scheduleNamed(name), step, {
            warmup: Number(warmup),
            total: Number(total),
            learningRate: 1,
          }),
        );
        expectWithin(worstDifference(ours, factors), 1e-15, `factor: ${key}`);
      }
    });
  },
);

function trajectoryTests(model: string): void {
  test('parameters with weight decay', async () => {
    const { all_parameters, decay_parameters } = await readJsonTable<Trajectories>(`${model}.train.json`);
    expect(all_parameters.filter(isDecayed).sort()).toEqual(
      all_parameters.filter((name) => decay_parameters.includes(name)).sort(),
    );
  });

  const finalsFile = `${model}.train-final.safetensors`;
  const hasFinals = existsSync(join(mt5Folder, finalsFile));
  const ofFinals = hasFinals ? ', final weights' : '';
  test(`every run: loss, learning rate and gradient norm of each step${ofFinals}`, async () => {
    const { runs } = await readJsonTable<Trajectories>(`${model}.train.json`);
    const finals = hasFinals ? await readTable(finalsFile) : undefined;
    for (const [name, { config, log }] of Object.entries(runs)) {
      const { steps, tensors, moved, drift } = await withNeighbours(model, config, log);
      expectTrajectory(log, steps, drift, `${name}, `);
      if (finals === undefined) continue;
      expect(
        tensors.some(({ name: parameter }) => finals.has(`${name}.${parameter}`)),
        `${name} has final weights`,
      ).toBe(true);
      if ((drift.at(-1) ?? Number.NaN) > chaos) continue;
      for (const { name: parameter, parameter: values } of tensors) {
        if (!finals.has(`${name}.${parameter}`)) continue;
        const movement = Math.max(
          ...moved.map((other) =>
            worstDifference(
              values,
              other.tensors.find((tensor) => tensor.name === parameter)?.parameter ?? [],
            ),
          ),
        );
        expectWithin(
          worstDifference(values, finals.numbers(`${name}.${parameter}`)),
          roundingAllowance(weightTolerance(config), movement),
          `final weights: ${name} ${parameter}`,
        );
      }
    }
  });

  test.skipIf(!existsSync(join(mt5Folder, `${model}.trainer.json`)))("the Trainer's own log", async () => {
    const { log } = await readJsonTable<{
      readonly log: readonly {
        readonly loss: number;
        readonly learning_rate: number;
        readonly grad_norm: number;
      }[];
    }>(`${model}.trainer.json`);
    const { steps } = await trajectory(
      model,
      {
        opt: 'adamw',
        lr: 1e-3,
        wd: 0.01,
        schedule: 'linear',
        warmup: 2,
        steps: log.length,
        clip: 1,
        accumulate: 2,
      },
      (await readModelFolder(model)).weights,
    );
    for (const [index, { loss, learning_rate, grad_norm }] of log.entries()) {
      expectWithin(
        Math.abs((steps[index]?.loss ?? Number.NaN) - loss),
        0.5e-4 + 1e-4 * loss,
        `logged loss: step ${index}`,
      );
      expectWithin(
        Math.abs((steps[index]?.learningRate ?? Number.NaN) - learning_rate),
        1e-12,
        `learning rate: step ${index}`,
      );
      expectWithin(
        Math.abs((steps[index]?.gradientNorm ?? Number.NaN) / grad_norm - 1),
        1e-3,
        `gradient norm: step ${index}`,
      );
    }
  });
}

/** A run, and how far rounding takes it. */
async function withNeighbours(
  model: string,
  config: RunConfig,
  log: readonly Logged[],
): Promise<Trajectory & Settled> {
  const { config: mt5, weights } = await readModelFolder(model);
  const run = (values: Feeds): Promise<Trajectory> => trajectory(model, config, values);
  const trace = plainTrace(mt5);
  const rows = batchRows(await readTable(`${model}.train-batches.safetensors`), 'batch.0.');
  const [batch = {}] = microBatches([rows], config, mt5);
  const computed = await computedAmong(trace, trace.parameters, batch, weights);
  const first = movedNumbers(computed.ours, computed.moved, countLabels(rows.labels));
  const ours = await run(weights);
  return { ...ours, ...(await settled(log, ours, Math.max(first.loss, first.gradientNorm), weights, run)) };
}

async function trajectory(model: string, config: RunConfig, weights: Feeds): Promise<Trajectory> {
  const { config: mt5 } = await readModelFolder(model);
  const batches = await readTable(`${model}.train-batches.safetensors`);
  const trace = plainTrace(mt5);
  const graph = trainingGraph(trace, trace.parameters);
  const shapes = new Map(Object.entries(weights).map(([name, { shape }]) => [name, shape]));
  const accumulation = config.accumulate ?? 1;
  const { optimizer, weightDecay, decays, learningRate } = settingsOf(config);
  const session = await (
    await oracleRuntime()
  ).openTraining({
    entries: {},
    training: {
      graph,
      trained: shapes,
      optimizer,
      weightDecayOf: (name) => (decays(name) ? weightDecay : 0),
      accumulation,
    },
  });
  await fillWith(session, shapes.keys(), weights);

  const count = batches.names.filter((name) => name.endsWith('.labels')).length;
  const steps: Step[] = [];
  for (let step = 0; step < config.steps; step += 1) {
    const group = Array.from({ length: accumulation }, (_, index) =>
      batchRows(batches, `batch.${(step * accumulation + index) % count}.`),
    );
    const factor = scheduleFactor(scheduleNamed(config.schedule ?? 'constant'), step, {
      warmup: config.warmup ?? 0,
      total: config.steps,
      learningRate,
    });
    const isRelative = optimizer.name === 'adafactor' && optimizer.relativeStep === true;
    const { loss, gradientNorm } = await session.step(microBatches(group, config, mt5), {
      step: step + 1,
      learningRate: isRelative
        ? relativeStep(step + 1, optimizer.warmupInit === true)
        : learningRate * factor,
      maxGradientNorm: config.clip ?? null,
    });
    steps.push({ loss, learningRate: learningRate * factor, gradientNorm });
  }
  const tensors = await trainedParameters(session, shapes.keys());
  await session.release();
  return { steps, tensors };
}

function microBatches(
  group: readonly ReturnType<typeof batchRows>[],
  { normalise = 'means' }: RunConfig,
  mt5: Mt5Config,
): readonly Values[] {
  const total = group.reduce((sum, { labels }) => sum + countLabels(labels), 0);
  return group.map(({ source, labels }) => ({
    ...sourceFeeds(source, mt5),
    ...targetFeeds(shiftRight(labels, mt5), mt5),
    ...labelFeeds(labels, normalise === 'tokens' ? 1 / total : 1 / (countLabels(labels) * group.length)),
  }));
}

/** Adafactor's tables were made without groups: all parameters decay. */
function settingsOf({ opt, lr, wd = 0, adafactor = {} }: RunConfig): {
  readonly optimizer: OptimizerSettings;
  readonly weightDecay: number;
  readonly decays: (name: string) => boolean;
  readonly learningRate: number;
} {
  if (opt === 'adamw')
    return { optimizer: { name: 'adamw' }, weightDecay: wd, decays: isDecayed, learningRate: lr ?? 0 };
  const { scale_parameter = true, relative_step = true, warmup_init = false, beta1 = null } = adafactor;
  return {
    optimizer: {
      name: 'adafactor',
      scaleParameter: scale_parameter,
      relativeStep: relative_step,
      warmupInit: warmup_init,
      beta1,
    },
    weightDecay: adafactor.weight_decay ?? 0,
    decays: () => true,
    learningRate: adafactor.lr ?? 0,
  };
}

/** AdamW's first steps divide gradients by their own size: where one is all rounding, so is its step. */
const weightTolerance = ({ lr = 1e-3, steps }: RunConfig): number => 0.02 * lr * steps;

function scheduleNamed(name: string): Schedule {
  switch (name) {
    case 'linear':
    case 'cosine':
    case 'cosine_with_restarts':
    case 'polynomial':
    case 'constant':
    case 'constant_with_warmup':
    case 'inverse_sqrt':
      return { name };
    default:
      throw new Error(`the tables have a schedule ${name}`);
  }
}
