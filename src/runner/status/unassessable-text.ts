import type { Unassessable } from './assess.ts';

/** Why nothing can be known of an instance, in words. */
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
