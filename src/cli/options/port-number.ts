import { InvalidArgumentError } from 'commander';
import { wholeNumber } from './whole-number.ts';

/** Reads an option that is a port; 0 stands for any free one. */
export function portNumber(text: string): number {
  const port = wholeNumber(0)(text);
  if (port > 65_535) throw new InvalidArgumentError('expected a port, at most 65535.');
  return port;
}
