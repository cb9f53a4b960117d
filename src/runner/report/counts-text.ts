import type { OutcomeCounts } from '../event.ts';

/** How many instances of a run ended how: "2 ran, 1 failed, 3 not started". */
export function countsText(counts: OutcomeCounts): string {
  const parts = [
    [counts.ran, 'ran'],
    [counts.restored, 'restored'],
    [counts.adopted, 'adopted'],
    [counts['up-to-date'] - counts.adopted, 'up to date'],
    [counts.failed, 'failed'],
    [counts.interrupted, 'interrupted'],
    [counts.submitted ?? 0, 'submitted'],
    [counts.waiting ?? 0, 'waiting'],
    [counts.blocked + counts.skipped, 'not started'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
}
