import type { Digest } from '../../../files/digest.ts';
import type { Key } from '../../identity.ts';
import { type Signer, signerFile } from './signed-entry.ts';

export const objectName = (digest: Digest): string => `objects/sha256/${digest.slice(0, 2)}/${digest}`;

export const entriesFolder = (key: Key): string => `entries/${key}`;

export const entryName = (key: Key, signer: Signer): string => `${entriesFolder(key)}/${signerFile(signer)}`;
