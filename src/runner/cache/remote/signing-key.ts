import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileProblem } from '../../../files/file-problem.ts';
import type { Result } from '../../../result.ts';
import { settingsFolder } from '../../workspace/settings-folder.ts';
import { type SigningKey, signerOf } from './signed-entry.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where to look for a private key: a variable that contains it, or a file. */
export type KeyPlace =
  | { readonly kind: 'variable'; readonly name: string; readonly text: string }
  | { readonly kind: 'file'; readonly path: string };

/** `PIPELINE_CACHE_KEY` holds the key itself, for CI; `PIPELINE_CACHE_KEY_FILE` names its file. */
export function keyPlace(environment: Environment, home: string): KeyPlace {
  const text = environment['PIPELINE_CACHE_KEY']?.trim() ?? '';
  if (text !== '') return { kind: 'variable', name: 'PIPELINE_CACHE_KEY', text };
  const file = environment['PIPELINE_CACHE_KEY_FILE']?.trim() ?? '';
  return { kind: 'file', path: file === '' ? join(settingsFolder(environment, home), 'key.pem') : file };
}

/** Undefined: there is none. */
export function readSigningKey(place: KeyPlace): Result<SigningKey | undefined> {
  if (place.kind === 'variable') return parsedKey(place.text, place.name);
  const { path } = place;
  try {
    // Of the key itself: a symbolic link to it has no mode of its own, as of a secret that is mounted.
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0)
      return {
        ok: false,
        error:
          `${path} can be read by other users: run \`chmod 600\` on it ` +
          '(and create a new key if others may have read it)',
      };
    return parsedKey(readFileSync(path, 'utf8'), path);
  } catch (error) {
    const { code, message } = fileProblem(path, error);
    return code === 'ENOENT' ? { ok: true, value: undefined } : { ok: false, error: `${path}: ${message}` };
  }
}

/** PEM, or its middle in one line, as a secret of a CI service often is. */
function parsedKey(text: string, where: string): Result<SigningKey> {
  const wrong = { ok: false, error: `${where} holds no Ed25519 private key (PKCS #8, as PEM)` } as const;
  try {
    const privateKey = text.includes('-----')
      ? createPrivateKey(text)
      : createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
    const signer = signerOf(privateKey);
    return signer === undefined ? wrong : { ok: true, value: { signer, privateKey } };
  } catch {
    return wrong;
  }
}

/** Makes a key that only this user can read. An existing key is never replaced. */
export function makeSigningKey(path: string): Result<SigningKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const partial = `${path}.${process.hrtime.bigint()}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(partial, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
    chmodSync(partial, 0o600);
    linkSync(partial, path);
  } catch (error) {
    const { message } = fileProblem(path, error);
    return { ok: false, error: `${path}: ${message}` };
  } finally {
    rmSync(partial, { force: true });
  }
  const signer = signerOf(privateKey);
  if (signer === undefined) throw new Error('a new Ed25519 key has another type');
  return { ok: true, value: { signer, privateKey } };
}
