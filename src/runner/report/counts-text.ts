import type { Outcome } from '../event.ts';

/** How many instances of a run ended how: "2 ran, 1 failed, 3 not started". */
export function countsText(counts: Readonly<Record<Outcome['kind'], number>>): string {
  const parts = [
    [counts.ran, 'ran'],
    [counts.restored, 'restored'],
    [counts['up-to-date'], 'up to date'],
    [counts.failed, 'failed'],
    [counts.interrupted, 'interrupted'],
    [counts.blocked + counts.skipped, 'not started'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
}
