import type { Unassessable } from './assess.ts';

/** Why the state of an instance is unknown, in words. */
export function unassessableText(why: Unassessable): string {
  if (why.kind !== 'inputs') return why.message;
  return why.missing
    .map(
      ({ dep, path, message, from }) =>
        `the dep ${dep} (${path}): ` +
        `${message}${from === undefined ? '' : `; pipeline run '${from}' makes it`}`,
    )
    .join('; ');
}
