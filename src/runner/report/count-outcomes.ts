import type { Outcome, OutcomeCounts } from '../event.ts';

/** How many instances ended how. */
export function countOutcomes(outcomes: Iterable<Outcome>): OutcomeCounts {
  const counts: { -readonly [Kind in keyof OutcomeCounts]: OutcomeCounts[Kind] } = {
    ran: 0,
    'up-to-date': 0,
    adopted: 0,
    restored: 0,
    failed: 0,
    blocked: 0,
    skipped: 0,
    interrupted: 0,
  };
  for (const outcome of outcomes) {
    counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
    if (outcome.kind === 'up-to-date' && outcome.adopted === true) counts.adopted += 1;
  }
  return counts;
}
