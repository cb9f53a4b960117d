import type { Outcome } from '../../event.ts';

/** Whether an instance has a result that is cached, and that what reads from it can be planned with. */
export const isMade = (outcome: Outcome | undefined): boolean =>
  outcome?.kind === 'up-to-date' ||
  outcome?.kind === 'restored' ||
  (outcome?.kind === 'ran' && outcome.published);
