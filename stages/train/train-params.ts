import type { AdapterConfig } from '../../src/ml/checkpoint/adapter-config.ts';
import type { OptimizerSettings } from '../../src/ml/runtime/optimizer.ts';
import type { Precision } from '../../src/ml/runtime/runtime.ts';
import type { Schedule } from '../../src/ml/train/schedule.ts';
import type { Every, LossName, TrainConfig } from '../../src/ml/train/train-config.ts';
import type { Schema } from '../../src/stage/define-stage.ts';
import { contradictionOfPrecision, contradictions, contradictionsOfValidation } from './contradictions.ts';
import { optimizerSchema, type plainSchedules, scheduleSchema } from './variant-schemas.ts';

/** The params of `train`, as pipeline.yaml gives them. */
export interface TrainParams {
  readonly config: MethodParams;
  /** "{human}" is replaced by the question. */
  readonly prompt: string;
  /** The base model's name in an adapter: a name or path that is valid on every machine. */
  readonly baseModel: string;
  readonly sourceTokens: number;
  readonly targetTokens: number;
  /** Share of the training rows that is held out. */
  readonly validation: number;
  readonly seed: number;
  /**
   * Stops after this epoch; the schedule is that of all epochs. With the out `state`, another training can
   * continue.
   */
  readonly stopAtEpoch?: number;
  /**
   * Of the choice of the validation rows, 42 by default, so that trainings with other seeds are evaluated on
   * the same rows.
   */
  readonly splitSeed?: number;
  readonly tokenization: 'sentencepiece' | 'transformers';
  readonly runtime: 'onnx' | 'tensorflow';
  /** Resolved by the runner: the context has the actual device. */
  readonly device?: 'cpu' | 'cuda';
  readonly precision?: Precision;
}

/** Schedules that need no options. */
type PlainSchedule = (typeof plainSchedules)[number];

/**
 * One point of the experiment. Defaults are those of transformers and peft, but that every epoch is evaluated
 * and kept, and the best one given back.
 */
export interface MethodParams {
  readonly method: 'full' | 'lora';
  readonly learningRate: number;
  readonly epochs?: number;
  readonly maxSteps?: number;
  readonly batch: number;
  readonly accumulation?: number;
  readonly accumulationRule?: 'means' | 'tokens';
  readonly optimizer?: OptimizerSettings['name'] | OptimizerSettings;
  readonly schedule?: PlainSchedule | Schedule;
  readonly warmupRatio?: number;
  readonly warmupSteps?: number;
  readonly weightDecay?: number;
  readonly maxGradientNorm?: number | null;
  readonly labelSmoothing?: number;
  readonly gradientCheckpointing?: boolean;
  readonly groupByLength?: boolean;
  readonly evaluateEvery?: 'epoch' | number | null;
  readonly checkpointEvery?: 'epoch' | number | null;
  readonly keepCheckpoints?: number;
  readonly selectBy?: LossName;
  readonly restoreBest?: boolean;
  readonly earlyStopping?: { readonly patience: number; readonly threshold?: number };
  readonly r?: number;
  readonly alpha?: number;
  readonly dropout?: number;
  readonly targets?: readonly string[] | string;
  readonly rslora?: boolean;
  readonly bias?: AdapterConfig['bias'];
  readonly modulesToSave?: readonly string[];
}

const share = { type: 'number', minimum: 0, maximum: 1 };
/** With all elements dropped, nothing could be learned. */
const rate = { type: 'number', minimum: 0, exclusiveMaximum: 1 };
const count = { type: 'integer', minimum: 1 };
const every = { anyOf: [{ const: 'epoch' }, count, { type: 'null' }] };

export const trainParamsSchema = {
  type: 'object',
  properties: {
    config: {
      type: 'object',
      properties: {
        method: { enum: ['full', 'lora'] },
        learningRate: { type: 'number', minimum: 0 },
        epochs: { type: 'number', minimum: 0 },
        maxSteps: { type: 'integer', minimum: 0 },
        batch: count,
        accumulation: count,
        accumulationRule: { enum: ['means', 'tokens'] },
        optimizer: optimizerSchema,
        schedule: scheduleSchema,
        warmupRatio: share,
        warmupSteps: { type: 'integer', minimum: 0 },
        weightDecay: { type: 'number', minimum: 0 },
        maxGradientNorm: { type: ['number', 'null'], exclusiveMinimum: 0 },
        labelSmoothing: share,
        gradientCheckpointing: { type: 'boolean' },
        groupByLength: { type: 'boolean' },
        evaluateEvery: every,
        checkpointEvery: every,
        keepCheckpoints: count,
        selectBy: { enum: ['evaluationLoss', 'selectionLoss'] },
        restoreBest: { type: 'boolean' },
        earlyStopping: {
          type: 'object',
          properties: { patience: count, threshold: { type: 'number', minimum: 0 } },
          required: ['patience'],
          additionalProperties: false,
        },
        r: count,
        alpha: { type: 'number', exclusiveMinimum: 0 },
        dropout: rate,
        targets: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
        rslora: { type: 'boolean' },
        bias: { enum: ['none', 'all', 'lora_only'] },
        modulesToSave: { type: 'array', items: { type: 'string' } },
      },
      required: ['method', 'learningRate', 'batch'],
      additionalProperties: false,
      allOf: contradictions,
    },
    prompt: { type: 'string', pattern: '\\{human\\}' },
    baseModel: { type: 'string' },
    sourceTokens: { type: 'integer', minimum: 2 },
    targetTokens: { type: 'integer', minimum: 2 },
    validation: share,
    seed: { type: 'integer' },
    stopAtEpoch: count,
    splitSeed: { type: 'integer' },
    tokenization: { enum: ['sentencepiece', 'transformers'] },
    runtime: { enum: ['onnx', 'tensorflow', 'auto'] },
    device: { enum: ['cpu', 'cuda', 'auto'] },
    precision: { enum: ['float32', 'bf16'] },
  },
  required: [
    'config',
    'prompt',
    'baseModel',
    'sourceTokens',
    'targetTokens',
    'validation',
    'seed',
    'tokenization',
    'runtime',
  ],
  additionalProperties: false,
  allOf: [...contradictionsOfValidation, contradictionOfPrecision],
} satisfies Schema;

/**
 * The settings of the training, with all defaults filled in. `adapter`: of the adapter whose training is
 * continued.
 */
export function trainConfigOf(
  { config, seed, baseModel, precision }: TrainParams,
  adapter?: AdapterConfig,
): TrainConfig {
  return {
    method:
      config.method === 'full'
        ? { kind: 'full' }
        : { kind: 'lora', adapter: { ...(adapter ?? adapterOf(config)), ...baseModelOf(baseModel) } },
    optimizer: optimizerOf(config.optimizer ?? 'adamw'),
    learningRate: config.learningRate,
    weightDecay: config.weightDecay ?? 0,
    schedule: scheduleOf(config.schedule ?? 'linear'),
    warmup:
      config.warmupSteps === undefined ? { ratio: config.warmupRatio ?? 0 } : { steps: config.warmupSteps },
    length: config.maxSteps === undefined ? { epochs: config.epochs ?? 3 } : { steps: config.maxSteps },
    batch: config.batch,
    accumulation: config.accumulation ?? 1,
    accumulationRule: config.accumulationRule ?? 'means',
    maxGradientNorm: config.maxGradientNorm === undefined ? 1 : config.maxGradientNorm,
    labelSmoothing: config.labelSmoothing ?? 0,
    gradientCheckpointing: config.gradientCheckpointing ?? false,
    groupByLength: config.groupByLength ?? false,
    evaluationBatch: config.batch,
    evaluate: everyOf(config.evaluateEvery === undefined ? 'epoch' : config.evaluateEvery),
    selectBy: config.selectBy ?? 'evaluationLoss',
    restoreBest: config.restoreBest ?? true,
    earlyStopping: config.earlyStopping === undefined ? null : { threshold: 0, ...config.earlyStopping },
    checkpoint: everyOf(config.checkpointEvery === undefined ? 'epoch' : config.checkpointEvery),
    keepCheckpoints: config.keepCheckpoints ?? 3,
    seed,
    ...(precision === 'bf16' ? { precision } : {}),
  };
}

function adapterOf({
  r = 8,
  alpha = 8,
  dropout = 0,
  targets = ['q', 'v'],
  rslora = false,
  bias = 'none',
  modulesToSave = [],
}: MethodParams): Omit<AdapterConfig, keyof BaseModel> {
  return {
    r,
    loraAlpha: alpha,
    loraDropout: dropout,
    targetModules: targets,
    excludeModules: null,
    layersToTransform: null,
    layersPattern: null,
    rankPattern: {},
    alphaPattern: {},
    useRslora: rslora,
    bias,
    modulesToSave,
  };
}

type BaseModel = Pick<AdapterConfig, 'baseModelNameOrPath' | 'revision'>;

/** A model of the hub as peft names it: "hf:owner/name@revision" is its name and its revision there. */
export function baseModelOf(name: string): BaseModel {
  const [, repository = name, revision = null] = /^hf:([^@]+)@(.+)$/.exec(name) ?? [];
  return { baseModelNameOrPath: repository, revision };
}

const everyOf = (value: 'epoch' | number | null): Every | null =>
  value === null ? null : value === 'epoch' ? { epochs: 1 } : { steps: value };

/**
 * Adafactor as the Trainer configures it: by the learning rate and its schedule, unless the options override
 * that.
 */
function optimizerOf(value: OptimizerSettings['name'] | OptimizerSettings): OptimizerSettings {
  const settings: OptimizerSettings = typeof value === 'string' ? { name: value } : value;
  return settings.name === 'adafactor'
    ? { scaleParameter: false, relativeStep: false, ...settings }
    : settings;
}

/** A schedule that needs no options may be written as its name alone. */
const scheduleOf = (value: PlainSchedule | Schedule): Schedule =>
  typeof value === 'string' ? { name: value } : value;
