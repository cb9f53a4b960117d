import { homedir } from 'node:os';
import type { Result } from '../../../result.ts';
import { type KeyPlace, keyPlace, makeSigningKey, readSigningKey } from '../../cache/remote/signing-key.ts';

/** The key with which this user signs results for the shared cache. */
export interface CacheKey {
  /** The public key; undefined: there is none. */
  readonly signer: string | undefined;
  /** Where the private key is, or would be. */
  readonly place: string;
}

/** `make`: creates a key if there is none; an existing key is never replaced. */
export function cacheKey(
  environment: Readonly<Record<string, string | undefined>>,
  make: boolean,
): Result<CacheKey> {
  const place = keyPlace(environment, homedir());
  const found = readSigningKey(place);
  if (!found.ok) return found;
  if (!make || found.value !== undefined)
    return make && found.value !== undefined
      ? { ok: false, error: `a key already exists: ${placeText(place)}` }
      : { ok: true, value: { signer: found.value?.signer, place: placeText(place) } };
  if (place.kind === 'variable') return { ok: false, error: `${place.name} is set: unset it first` };
  const made = makeSigningKey(place.path);
  return made.ok ? { ok: true, value: { signer: made.value.signer, place: place.path } } : made;
}

const placeText = (place: KeyPlace): string =>
  place.kind === 'file' ? place.path : `the environment variable ${place.name}`;
