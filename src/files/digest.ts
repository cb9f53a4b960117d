import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Result } from '../result.ts';
import { type FileProblem, fileProblem } from './file-problem.ts';

declare const brand: unique symbol;
/**
 * The SHA-256 of some bytes as 64 lower-case hex digits: the name of an object. Made only by this file's
 * functions.
 */
export type Digest = string & { readonly [brand]: 'object' };

/** The digest of bytes in memory; a text counts as its UTF-8 bytes. */
export function digestOf(content: string | Uint8Array): Digest {
  return branded(createHash('sha256').update(content).digest('hex'));
}

/** The digest of a file's bytes, read as a stream: memory does not grow with the file. */
export async function digestOfFile(path: string): Promise<Result<Digest, FileProblem>> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
  return { ok: true, value: branded(hash.digest('hex')) };
}

/** Parses a stored digest. */
export function parseDigest(text: string): Result<Digest> {
  if (isDigest(text)) return { ok: true, value: text };
  return {
    ok: false,
    error: `${JSON.stringify(text.slice(0, 80))} is not a SHA-256 digest: expected 64 lower-case hex digits`,
  };
}

const isDigest = (text: string): text is Digest => /^[0-9a-f]{64}$/.test(text);

function branded(hex: string): Digest {
  if (!isDigest(hex)) throw new Error(`not the hex form of SHA-256: ${hex}`);
  return hex;
}
