import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import type { TrainedParameter } from './oracle-runtime.ts';
import { lastBitsTurned, neighbours } from './parameter-gradients.ts';
import { expectWithin, roundingAllowance } from './within.ts';

/** A step of a training. */
export interface Step {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

export interface Trajectory {
  readonly steps: readonly Step[];
  readonly tensors: readonly TrainedParameter[];
}

/** A step as a table has it. */
export interface Logged {
  readonly loss: number;
  readonly lr: number | null;
  readonly grad_norm: number | null;
}

/** What else weights that are as near as any may lead to. */
export interface Settled {
  readonly moved: readonly Trajectory[];
  /** How far, as a share, the trajectory has been from any of these by each step. */
  readonly drift: readonly number[];
}

/**
 * Where ours has moved so far from itself, no computation in float32 says where the trajectory goes: with
 * large random weights or steps that is after a few steps, and torch in float64 parts from torch in float32
 * there too.
 */
export const chaos = 0.01;

/**
 * How far rounding takes a trajectory, from `least` on: told from three neighbours, since torch's own lies
 * 5e-4 or 5e-2 off by which of the last bits are turned. Where those do not explain the table, it is told
 * from more of them: at a kink of ReLU a trajectory goes one of two ways (seen: 2.7e-2 apart after five
 * steps; of nine of torch's, two go the one, seven the other).
 */
export async function settled(
  log: readonly Logged[],
  ours: Trajectory,
  least: number,
  weights: Feeds,
  run: (weights: Feeds) => Promise<Trajectory>,
): Promise<Settled> {
  const moved: Trajectory[] = [];
  const driftOf = async (count: number): Promise<readonly number[]> => {
    while (moved.length < count)
      moved.push(await run(neighbours(weights)[moved.length] ?? furtherNeighbour(weights, moved.length)));
    return runningDrift(
      least,
      ours.steps,
      moved.map(({ steps }) => steps),
    );
  };
  const drift = await driftOf(3);
  const explained = deviations(log, ours.steps, drift).every(
    ({ difference, allowed }) => difference < allowed,
  );
  return { moved, drift: explained ? drift : await driftOf(16) };
}

export function expectTrajectory(
  log: readonly Logged[],
  steps: readonly Step[],
  drift: readonly number[],
  run: string,
): void {
  for (const { difference, allowed, what, step } of deviations(log, steps, drift))
    expectWithin(difference, allowed, `${what}: ${run}step ${step}`);
}

interface Deviation {
  readonly what: string;
  readonly step: number;
  readonly difference: number;
  readonly allowed: number;
}

function deviations(
  log: readonly Logged[],
  steps: readonly Step[],
  drift: readonly number[],
): readonly Deviation[] {
  return log.flatMap(({ loss, lr, grad_norm }, step): readonly Deviation[] => {
    const ours = steps[step] ?? noStep;
    const moving = drift[Math.min(step + 1, drift.length - 1)] ?? Number.NaN; // theirs may be a step ahead
    const rates =
      lr === null
        ? []
        : [{ what: 'learning rate', step, difference: Math.abs(ours.learningRate - lr), allowed: 1e-12 }];
    if (moving > chaos) return rates;
    const losses = {
      what: 'loss',
      step,
      difference: Math.abs(ours.loss / loss - 1),
      allowed: roundingAllowance(step < 10 ? 1e-5 : 1e-4, moving),
    };
    if (grad_norm === null) return [...rates, losses];
    return [
      ...rates,
      losses,
      {
        what: 'gradient norm',
        step,
        difference: Math.abs(ours.gradientNorm / grad_norm - 1),
        allowed: roundingAllowance(step < 10 ? 1e-4 : 1e-3, moving),
      },
    ];
  });
}

function runningDrift(
  least: number,
  steps: readonly Step[],
  others: readonly (readonly Step[])[],
): readonly number[] {
  let most = least;
  return steps.map(({ loss, gradientNorm }, index) => {
    for (const other of others)
      most = Math.max(
        most,
        Math.abs(loss / (other[index] ?? noStep).loss - 1),
        Math.abs(gradientNorm / (other[index] ?? noStep).gradientNorm - 1),
      );
    return most;
  });
}

const noStep: Step = { loss: Number.NaN, gradientNorm: Number.NaN, learningRate: Number.NaN };

/** Two bits turned, as sums round, of some weights: in each round of others. */
const furtherNeighbour = (weights: Feeds, round: number): Feeds =>
  lastBitsTurned(weights, (place) => ((Math.imul(place + 1, 0x9e3779b1 + 2 * round) >>> 15) & 1) === 1, 2);
