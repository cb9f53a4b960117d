import { joinFirst } from '../wording/join-first.ts';

/** Which temp outs have no bytes, and what for that runs again. */
export const droppedText = (outs: readonly string[]): string =>
  `temp ${outs.length === 1 ? 'out' : 'outs'} ${joinFirst(outs, 3)} dropped: runs again only if what reads ` +
  `${outs.length === 1 ? 'it' : 'them'} has to run`;
