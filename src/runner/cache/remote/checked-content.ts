import { createHash } from 'node:crypto';
import type { NewContent } from './remote-storage.ts';
import { RemoteFailure } from './remote-storage.ts';

/**
 * The bytes that are to be sent, hashed on their way. The last piece is held back until the digest is known
 * to be right: what rotted on this disk never becomes a whole file there.
 */
export async function* checkedContent({ size, digest, open }: NewContent): AsyncGenerator<Uint8Array> {
  const wrong = (): RemoteFailure =>
    new RemoteFailure({
      kind: 'unsent',
      message: `the object ${digest.slice(0, 12)} in cache/objects is missing or damaged`,
    });
  const bytes = await open();
  if (bytes === undefined) throw wrong();
  const hash = createHash('sha256');
  let length = 0;
  let held: Uint8Array | undefined;
  for await (const piece of bytes) {
    if (held !== undefined) yield held;
    held = piece;
    length += piece.length;
    hash.update(piece);
    if (length > size) throw wrong();
  }
  if (length !== size || hash.digest('hex') !== digest) throw wrong();
  if (held !== undefined) yield held;
}
