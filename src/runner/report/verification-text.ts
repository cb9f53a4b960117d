import type { DifferentOut, VerificationOutcome } from '../event.ts';
import { joinFirst } from '../wording/join-first.ts';

/** What executing an instance again showed about its result, in a few words. */
export function verificationText(outcome: VerificationOutcome): string {
  switch (outcome.kind) {
    case 'identical':
      return 'verified: the outputs are identical';
    case 'different':
      return `verified: ${joinFirst(outcome.different.map(differentOutText), 3, { separator: '; ' })}`;
    case 'incomplete':
      return `not verified: ${outcome.message}`;
  }
}

/** Which out differs, and of a folder which files. */
export const differentOutText = ({ out, files }: DifferentOut): string =>
  `out ${out} differs${files.length === 0 ? '' : `: ${files.join(', ')}`}`;
