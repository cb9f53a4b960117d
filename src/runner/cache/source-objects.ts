import { type Digest, digestOf } from '../../files/digest.ts';
import type { Content } from '../manifest/manifest.ts';
import { parseTree, type TreeItem } from '../manifest/tree.ts';
import type { Bytes, NewObject, ResultSource } from './result-source.ts';

/** The objects of outs, as a source has them; undefined: a listing is missing or does not match its name. */
export async function sourceObjects(
  source: ResultSource,
  outs: readonly Content[],
): Promise<readonly NewObject[] | undefined> {
  const object = (digest: Digest): NewObject => ({ digest, open: () => source.object(digest) });
  const objects: NewObject[] = [];
  for (const { form, digest } of outs) {
    if (form !== 'folder') {
      objects.push(object(digest));
      continue;
    }
    const text = await listingText(source, digest);
    const items = text === undefined ? undefined : itemsOf(text, digest);
    if (text === undefined || items === undefined) return undefined;
    for (const item of items) if (item.kind === 'file') objects.push(object(item.digest));
    objects.push({ digest, open: async () => [text] });
  }
  return objects;
}

function itemsOf(text: Uint8Array, digest: Digest): readonly TreeItem[] | undefined {
  if (digestOf(text) !== digest) return undefined;
  const items = parseTree(Buffer.from(text).toString('utf8'));
  return items.ok ? items.value : undefined;
}

/** A hundred bytes a file: a folder of a million files has less. */
const longestListing = 1 << 28;

async function listingText(source: ResultSource, digest: Digest): Promise<Buffer | undefined> {
  const bytes = await source.object(digest).catch(() => undefined);
  return bytes === undefined ? undefined : gathered(bytes);
}

/** The content of a stream; undefined: it fails, or is too long. */
async function gathered(bytes: Bytes): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of bytes) {
      length += piece.length;
      if (length > longestListing) return undefined;
      pieces.push(piece);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces);
}
