import type { Digest } from '../../../files/digest.ts';
import type { Key } from '../../identity.ts';
import { type Signer, signerFile } from './signed-entry.ts';

/** The name of an object in the shared cache. */
export const objectName = (digest: Digest): string => `objects/sha256/${digest.slice(0, 2)}/${digest}`;

/** The prefix of the entries of a key, without a slash at its end. */
export const entriesFolder = (key: Key): string => `entries/${key}`;

/** The name of the entry that a signer filed under a key. */
export const entryName = (key: Key, signer: Signer): string => `${entriesFolder(key)}/${signerFile(signer)}`;
