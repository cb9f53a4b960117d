import { randomBytes } from 'node:crypto';

/** What no other job has. Letters and digits alone: an executor may have to write it into a queue. */
export const newNonce = (): string => randomBytes(16).toString('hex');
