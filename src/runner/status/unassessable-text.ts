import { quotedCommand, type TypedPipeline } from '../wording/command-text.ts';
import type { Unassessable } from './assess.ts';

/** Why the state of an instance is unknown, in words. */
export function unassessableText(why: Unassessable, typed: TypedPipeline | undefined): string {
  if (why.kind !== 'inputs') return why.message;
  return why.missing
    .map(
      ({ dep, path, message, from }) =>
        `the dep ${dep} (${path}): ` +
        `${message}${from === undefined ? '' : `; ${quotedCommand(typed, 'run', [from])} makes it`}`,
    )
    .join('; ');
}
