import { InvalidArgumentError } from 'commander';

/** Reads an option that is a number above `low` and at most `high`. */
export const decimalNumber =
  (low = -Infinity, high = Infinity) =>
  (text: string): number => {
    const value = Number(text);
    if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) && value > low && value <= high) return value;
    const bounds = [
      ...(low === -Infinity ? [] : [`above ${low}`]),
      ...(high === Infinity ? [] : [`at most ${high}`]),
    ];
    throw new InvalidArgumentError(`expected ${['a number', bounds.join(' and ')].join(' ').trim()}.`);
  };
