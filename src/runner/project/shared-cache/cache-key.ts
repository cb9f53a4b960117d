import { homedir } from 'node:os';
import type { Result } from '../../../result.ts';
import { type KeyPlace, keyPlace, makeSigningKey, readSigningKey } from '../../cache/remote/signing-key.ts';

/** The key with which this user signs results for the shared cache. */
interface CacheKey {
  /** The public key; undefined: there is none. */
  readonly signer: string | undefined;
  /** Where the private key is, or would be. */
  readonly place: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The key that there is. */
export function cacheKey(environment: Environment): Result<CacheKey> {
  const place = keyPlace(environment, homedir());
  const found = readSigningKey(place);
  return found.ok ? { ok: true, value: { signer: found.value?.signer, place: placeText(place) } } : found;
}

/** Creates a key. An existing one is never replaced: that is an error. */
export function createCacheKey(environment: Environment): Result<CacheKey> {
  const place = keyPlace(environment, homedir());
  const found = readSigningKey(place);
  if (!found.ok) return found;
  if (found.value !== undefined) return { ok: false, error: `a key already exists: ${placeText(place)}` };
  if (place.kind === 'variable') return { ok: false, error: `${place.name} is set: unset it first` };
  const made = makeSigningKey(place.path);
  return made.ok ? { ok: true, value: { signer: made.value.signer, place: place.path } } : made;
}

const placeText = (place: KeyPlace): string =>
  place.kind === 'file' ? place.path : `the environment variable ${place.name}`;
