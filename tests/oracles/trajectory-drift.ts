import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import { lastBitsTurned } from './parameter-gradients.ts';

/** A step of a training. */
export interface Step {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

export const noStep: Step = { loss: Number.NaN, gradientNorm: Number.NaN, learningRate: Number.NaN };

/**
 * Where ours has moved so far from itself, no computation in float32 says where the trajectory goes: with large random weights
 * or steps that is after a few steps, and torch in float64 parts from torch in float32 there too.
 */
export const chaos = 0.01;

/** Weights that are as near as any. One set is too few: torch's own trajectory lies 5e-4 or 5e-2 off, by which of the last bits are turned. */
export const neighbours = (weights: Feeds): readonly Feeds[] => [lastBitsTurned(weights), lastBitsTurned(weights, isEven), lastBitsTurned(weights, isOdd)];

const isEven = (place: number): boolean => place % 2 === 0;
const isOdd = (place: number): boolean => !isEven(place);

/** How far, as a share, a trajectory has been from any of its neighbours' by each step, from `least` on. */
export function runningDrift(least: number, steps: readonly Step[], others: readonly (readonly Step[])[]): readonly number[] {
  let most = least;
  return steps.map(({ loss, gradientNorm }, index) => {
    for (const other of others) most = Math.max(most, Math.abs(loss / (other[index] ?? noStep).loss - 1), Math.abs(gradientNorm / (other[index] ?? noStep).gradientNorm - 1));
    return most;
  });
}

/** The drift that counts for a step: theirs may be a step ahead. */
export const driftAt = (drift: readonly number[], step: number): number => drift[Math.min(step + 1, drift.length - 1)] ?? Number.NaN;
