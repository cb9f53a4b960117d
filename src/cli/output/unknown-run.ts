import { quotedCommand, type TypedPipeline } from '../../runner/wording/command-text.ts';

/** There is no run of that name; the message says where to find the names. */
export const unknownRun = (run: string, typed: TypedPipeline): string =>
  `there is no run "${run}": ${quotedCommand(typed, 'history')} lists the runs`;
