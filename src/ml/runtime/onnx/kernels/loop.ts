/**
 * A loop over arrays of float32, as data: what is computed for one element. A loop runs its statements in
 * order for each element, so that a later one reads what an earlier one has stored.
 */
export interface Loop {
  readonly name: string;
  /** How many arrays it is given, all of one length. */
  readonly arrays: number;
  /** How many numbers it is given, rounded to float32. */
  readonly scalars: number;
  readonly statements: readonly Statement[];
}

export interface Statement {
  /** The array whose element is replaced. */
  readonly store: number;
  readonly value: Expression;
}

/** Computed in float32, each step rounded: as PyTorch's kernels but for fused multiply-adds. */
export type Expression =
  | { readonly kind: 'load'; readonly array: number }
  | { readonly kind: 'scalar'; readonly index: number }
  | { readonly kind: 'sqrt'; readonly of: Expression }
  | {
      readonly kind: 'add' | 'subtract' | 'multiply' | 'divide';
      readonly left: Expression;
      readonly right: Expression;
    };

/** All loops, by name. A function: a stage that does not train does not make them. */
export const loops = (): readonly Loop[] => [adamwLoop(), scaleLoop(), accumulateLoop()];

/**
 * AdamW (Loshchilov and Hutter 2019) as torch.optim.AdamW computes it: decay first, and epsilon added to the
 * root of the bias-corrected second moment. The correction c = sqrt(1 - beta2^step) is not made element by
 * element: m / (sqrt(v) / c + epsilon) = c m / (sqrt(v) + c epsilon). Arrays: parameter, first moment, second
 * moment, gradient. Scalars: factor of the gradient, 1 - beta1, beta2, 1 - beta2, 1 - rate * decay, c rate /
 * (1 - beta1^step), c epsilon.
 */
function adamwLoop(): Loop {
  const [parameter, first, second, gradient] = [load(0), load(1), load(2), multiply(load(3), scalar(0))];
  const root = add(sqrt(second), scalar(6));
  return {
    name: 'adamw',
    arrays: 4,
    scalars: 7,
    statements: [
      { store: 1, value: add(first, multiply(scalar(1), subtract(gradient, first))) },
      {
        store: 2,
        value: add(multiply(scalar(2), second), multiply(multiply(scalar(3), gradient), gradient)),
      },
      { store: 0, value: subtract(multiply(parameter, scalar(4)), multiply(scalar(5), divide(first, root))) },
    ],
  };
}

/** x *= factor */
const scaleLoop = (): Loop => ({
  name: 'scale',
  arrays: 1,
  scalars: 1,
  statements: [{ store: 0, value: multiply(load(0), scalar(0)) }],
});

/** target += factor * source */
const accumulateLoop = (): Loop => ({
  name: 'accumulate',
  arrays: 2,
  scalars: 1,
  statements: [{ store: 0, value: add(load(0), multiply(load(1), scalar(0))) }],
});

const load = (array: number): Expression => ({ kind: 'load', array });
const scalar = (index: number): Expression => ({ kind: 'scalar', index });
const sqrt = (of: Expression): Expression => ({ kind: 'sqrt', of });
const add = (left: Expression, right: Expression): Expression => ({ kind: 'add', left, right });
const subtract = (left: Expression, right: Expression): Expression => ({ kind: 'subtract', left, right });
const multiply = (left: Expression, right: Expression): Expression => ({ kind: 'multiply', left, right });
const divide = (left: Expression, right: Expression): Expression => ({ kind: 'divide', left, right });
