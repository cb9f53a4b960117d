import { createReadStream } from 'node:fs';
import type { Digest } from '../../files/digest.ts';
import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Key, RunId } from '../identity.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { serializeTree } from '../manifest/tree.ts';
import type { Found } from '../workspace/read-content.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import type { Cache } from './cache.ts';
import { localSource } from './local-source.ts';
import { objectSize } from './objects.ts';
import type { NewObject } from './result-source.ts';

/** Outs as an attempt wrote them, by name. */
export type WrittenOuts = ReadonlyMap<string, { readonly path: string; readonly found: Found }>;

/** Who made a result, and when. */
export interface Made {
  readonly run: RunId;
  readonly seconds: number;
  readonly at: number;
  /** No run computed it: existing files were taken as the result. */
  readonly adopted?: true;
  /** Outs whose bytes stay on this machine. */
  readonly withheld?: readonly string[];
}

/**
 * Stores a result under its key: on this disk, and, if a run computed it, then in the source. A file that
 * changes meanwhile is a problem: then there is no entry.
 */
export async function publish(
  { workspace, store, source }: Cache,
  { key, manifest }: { readonly key: Key; readonly manifest: Manifest },
  outs: WrittenOuts,
  { adopted, withheld = [], ...made }: Made,
): Promise<Result<void, FileProblem>> {
  const contents = Object.fromEntries([...outs].map(([name, { found }]) => [name, found.content]));
  const result = {
    entry: { key, outs: contents, ...(adopted === true ? { adopted } : {}) },
    manifest,
    ...made,
  };
  const objectsOf = (names: readonly string[]): readonly NewObject[] =>
    names.flatMap((name) => {
      const out = outs.get(name);
      return out === undefined ? [] : objectsIn(workspace, out.path, out.found);
    });
  const here = localSource(workspace, store);
  const published = await here.put(result, objectsOf([...outs.keys()]));
  if (!published.ok || source === undefined || adopted === true) return published;
  const shared = objectsOf([...outs.keys()].filter((name) => !withheld.includes(name)));
  await source.put(
    result,
    shared.map(({ digest }) => ({
      digest,
      size: objectSize(workspace, digest),
      open: () => here.object(digest),
    })),
  );
  return published;
}

/** The objects of an out: its files, then, of a folder, its listing. */
function objectsIn(workspace: Workspace, path: string, { content, items }: Found): readonly NewObject[] {
  const ofFile = (file: string, digest: Digest): NewObject => ({
    digest,
    file,
    open: async () => createReadStream(placeOf(workspace, file)),
  });
  if (content.form !== 'folder') return [ofFile(path, content.digest)];
  const files = items.flatMap((item) =>
    item.kind === 'file' ? [ofFile(`${path}/${item.path}`, item.digest)] : [],
  );
  const listing = Buffer.from(serializeTree(items));
  return [...files, { digest: content.digest, open: async () => [listing] }];
}
