/**
 * How the learning rate moves over the steps: the schedules of transformers (4.57.1), by their names there,
 * with their options.
 */
export type Schedule =
  | { readonly name: 'constant' }
  | { readonly name: 'constant_with_warmup' }
  | { readonly name: 'linear' }
  | { readonly name: 'cosine'; readonly cycles?: number }
  | { readonly name: 'cosine_with_restarts'; readonly cycles?: number }
  | { readonly name: 'polynomial'; readonly power?: number; readonly endLearningRate?: number }
  | { readonly name: 'inverse_sqrt'; readonly timescale?: number }
  | ({ readonly name: 'cosine_with_min_lr'; readonly cycles?: number } & LowestRate)
  | ({
      readonly name: 'cosine_warmup_with_min_lr';
      readonly cycles?: number;
      readonly warmupRate?: number;
    } & LowestRate)
  | {
      readonly name: 'warmup_stable_decay';
      readonly decaySteps: number;
      readonly stableSteps?: number;
      readonly warmupShape?: Ramp;
      readonly decayShape?: Ramp;
      readonly minRate?: number;
      readonly cycles?: number;
    }
  | {
      readonly name: 'reduce_lr_on_plateau';
      readonly factor?: number;
      readonly patience?: number;
      readonly threshold?: number;
      readonly cooldown?: number;
      readonly minLearningRate?: number;
    };

/** The lowest value, as a share of the highest or as a learning rate. */
type LowestRate = { readonly minRate: number } | { readonly minLearningRate: number };

type Ramp = 'linear' | 'cosine' | '1-sqrt';

/** The span of a schedule: steps of warm-up, all steps, and the learning rate that its factors multiply. */
export interface Span {
  readonly warmup: number;
  readonly total: number;
  readonly learningRate: number;
}

/**
 * The factor of the learning rate of step `step` (from 0). `evaluations` are the losses of the evaluations
 * before it, which only `reduce_lr_on_plateau` uses. Past the end of the span each behaves as transformers'
 * does: cosine rises again, linear stays at 0.
 */
export function scheduleFactor(
  schedule: Schedule,
  step: number,
  span: Span,
  evaluations: readonly number[] = [],
): number {
  const { warmup, total, learningRate } = span;
  const rising = step < warmup;
  switch (schedule.name) {
    case 'constant':
      return 1;
    case 'constant_with_warmup':
      return rising ? step / Math.max(1, warmup) : 1;
    case 'linear':
      return rising ? step / warmup : Math.max(0, (total - step) / Math.max(1, total - warmup));
    case 'cosine':
      return rising ? step / warmup : Math.max(0, wave(schedule.cycles ?? 0.5, progressAt(step, span)));
    case 'cosine_with_restarts':
      return rising ? step / warmup : restarted(schedule.cycles ?? 1, progressAt(step, span));
    case 'polynomial':
      return rising ? step / warmup : polynomial(schedule, step, span);
    case 'inverse_sqrt':
      return rising
        ? step / warmup
        : inverseSquareRoot(schedule.timescale ?? (warmup === 0 ? 10_000 : warmup), step, warmup);
    case 'cosine_with_min_lr':
      return rising
        ? step / warmup
        : Math.max(
            0,
            raised(wave(schedule.cycles ?? 0.5, progressAt(step, span)), lowest(schedule, learningRate)),
          );
    case 'cosine_warmup_with_min_lr':
      return rising
        ? rateOfWarmup(schedule.warmupRate, step, warmup)
        : Math.max(
            0,
            raised(wave(schedule.cycles ?? 0.5, progressAt(step + 1, span)), lowest(schedule, learningRate)),
          );
    case 'warmup_stable_decay':
      return stableThenDecay(schedule, step, span);
    case 'reduce_lr_on_plateau':
      return plateauRate(schedule, learningRate, evaluations) / learningRate;
  }
}

const progressAt = (step: number, { warmup, total }: Span): number =>
  (step - warmup) / Math.max(1, total - warmup);

const wave = (cycles: number, progress: number): number =>
  0.5 * (1 + Math.cos(Math.PI * cycles * 2 * progress));

const raised = (factor: number, least: number): number => factor * (1 - least) + least;

const lowest = (schedule: LowestRate, learningRate: number): number =>
  'minRate' in schedule ? schedule.minRate : schedule.minLearningRate / learningRate;

function restarted(cycles: number, progress: number): number {
  return progress >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((cycles * progress) % 1))));
}

function polynomial(
  { power = 1, endLearningRate = 1e-7 }: { readonly power?: number; readonly endLearningRate?: number },
  step: number,
  { warmup, total, learningRate }: Span,
): number {
  if (step > total) return endLearningRate / learningRate;
  const remaining = total === warmup ? 0 : 1 - (step - warmup) / (total - warmup);
  return ((learningRate - endLearningRate) * remaining ** power + endLearningRate) / learningRate;
}

const inverseSquareRoot = (timescale: number, step: number, warmup: number): number =>
  1 / Math.sqrt((step + timescale - warmup) / timescale);

/** This schedule's first step is not at 0. */
function rateOfWarmup(first: number | undefined, step: number, warmup: number): number {
  return first === undefined
    ? (step + 1) / Math.max(1, warmup)
    : first + ((1 - first) * step) / Math.max(1, warmup - 1);
}

function stableThenDecay(
  schedule: Schedule & { readonly name: 'warmup_stable_decay' },
  step: number,
  { warmup, total }: Span,
): number {
  const {
    decaySteps,
    stableSteps = total - warmup - decaySteps,
    warmupShape = 'linear',
    decayShape = 'cosine',
    minRate = 0,
    cycles = 0.5,
  } = schedule;
  if (step < warmup) return Math.max(0, raised(risen(warmupShape, step / warmup), minRate));
  if (step < warmup + stableSteps) return 1;
  if (step >= warmup + stableSteps + decaySteps) return minRate;
  return Math.max(
    0,
    raised(decayed(decayShape, (step - warmup - stableSteps) / decaySteps, cycles), minRate),
  );
}

function risen(shape: Ramp, progress: number): number {
  switch (shape) {
    case 'linear':
      return progress;
    case 'cosine':
      return 0.5 * (1 - Math.cos(Math.PI * progress));
    case '1-sqrt':
      return 1 - Math.sqrt(1 - progress);
  }
}

function decayed(shape: Ramp, progress: number, cycles: number): number {
  switch (shape) {
    case 'linear':
      return 1 - progress;
    case 'cosine':
      return wave(cycles, progress);
    case '1-sqrt':
      return 1 - Math.sqrt(progress);
  }
}

/**
 * torch's ReduceLROnPlateau (relative threshold, "min"), replayed: a pure function of the losses, so nothing
 * has to be saved for it.
 */
function plateauRate(
  schedule: Schedule & { readonly name: 'reduce_lr_on_plateau' },
  learningRate: number,
  losses: readonly number[],
): number {
  const { factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, minLearningRate = 0 } = schedule;
  let [rate, best, bad, cooling] = [learningRate, Infinity, 0, 0];
  for (const loss of losses) {
    if (loss < best * (1 - threshold)) [best, bad] = [loss, 0];
    else bad += 1;
    if (cooling > 0) [cooling, bad] = [cooling - 1, 0];
    if (bad > patience) {
      const lower = Math.max(rate * factor, minLearningRate);
      if (rate - lower > 1e-8) rate = lower;
      [cooling, bad] = [cooldown, 0];
    }
  }
  return rate;
}
