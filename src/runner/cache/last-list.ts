import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../files/digest.ts';
import type { InstanceId } from '../identity.ts';
import type { ListText } from '../pipeline-file/source-request.ts';
import { parseKey } from '../manifest/key-of.ts';
import { findEntry } from '../store/entries.ts';
import { lastKey } from '../store/last-results.ts';
import type { Store } from '../store/database/open-store.ts';
import { objectPath } from './objects.ts';

/**
 * The content of an out that a matrix takes values from, in the last result of an instance; undefined if
 * there is no result or its bytes have changed. `root`: of the project.
 */
export function lastList(
  root: string,
  store: Store,
  pipeline: string,
  instance: InstanceId,
  out: string,
): ListText | undefined {
  const key = parseKey(lastKey(store, pipeline, instance) ?? '');
  const content = key && findEntry(store, key)?.entry.outs[out];
  if (content === undefined) return undefined;
  if (content.form === 'folder') return { digest: content.digest, text: () => undefined };
  const place = join(root, objectPath(content.digest));
  const size = statSync(place, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  return {
    digest: content.digest,
    text: () => (size > largest ? undefined : wholeText(place, content.digest)),
  };
}

/** In bytes: as a pipeline file. */
const largest = 16 << 20;

function wholeText(place: string, digest: string): string | undefined {
  const bytes = readFileSync(place);
  return digestOf(bytes) === digest && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
