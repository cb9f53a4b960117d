import { quotedCommand, type TypedPipeline } from './command-text.ts';

/** What to do about a file at the place of an out that no run made: a run does not replace it unasked. */
export const existingOutHelp = (typed: TypedPipeline | undefined, instance: string): string =>
  `take it as the result with ${quotedCommand(typed, 'run --adopt', [instance])}, or replace it with ` +
  quotedCommand(typed, 'run --overwrite', [instance]);
