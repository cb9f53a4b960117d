import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Origin } from '../event.ts';
import type { InstanceId } from '../identity.ts';
import type { Entry } from '../manifest/decide.ts';
import type { Content } from '../manifest/manifest.ts';
import { recordPlacement } from '../store/placements.ts';
import { bringHere } from './bring-here.ts';
import type { Cache } from './cache.ts';
import { keepForeignFiles, type KeptFiles, nothingKept } from './keep-foreign-files.ts';
import { forgetObject } from './objects.ts';
import { readListing, restoreOut } from './restore-out.ts';

/**
 * The paths of the outs of an instance. An out that is `inPlace` is correct already: it is only recorded as
 * placed by the runner.
 */
interface OutPlaces {
  readonly pipeline: string;
  readonly instance: InstanceId;
  readonly outs: readonly { readonly name: string; readonly path: string; readonly inPlace: boolean }[];
}

type Restored =
  | {
      readonly kind: 'restored';
      readonly files: number;
      readonly bytes: number;
      /** Paths beside the outs that files of others were moved to. */
      readonly keptIn: readonly string[];
      /** Where it was copied from a source for this. */
      readonly origin: Origin | undefined;
    }
  /** An object is missing or damaged: looking up the key again gives the current state. */
  | { readonly kind: 'damaged' };

/** Writes outs of a result into their places, and records that the runner placed them. */
export async function restore(
  cache: Cache,
  entry: Entry,
  { pipeline, instance, outs }: OutPlaces,
): Promise<Result<Restored, FileProblem>> {
  const { workspace, store } = cache;
  const brought = await bringHere(
    cache,
    entry,
    outs.flatMap(({ name, inPlace }) => (inPlace ? [] : [name])),
  );
  if (brought === 'damaged') return { ok: true, value: { kind: 'damaged' } };
  let files = 0;
  let bytes = 0;
  const kept: string[] = [];
  for (const { name, path, inPlace } of outs) {
    const content = entry.outs[name];
    if (content === undefined) throw new Error(`an entry has no out ${name}, which ${instance} declares`);
    if (!inPlace) {
      const { existing, keptIn } = await keepForeign(cache, path, content);
      if (keptIn !== undefined) kept.push(keptIn);
      const restored = await restoreOut(workspace, path, content, existing);
      if (!restored.ok) return restored;
      if (restored.value.kind === 'damaged') {
        forgetObject(workspace, restored.value.object);
        return { ok: true, value: { kind: 'damaged' } };
      }
      files += restored.value.files;
      bytes += restored.value.bytes;
    }
    recordPlacement(store, pipeline, instance, path, content);
  }
  return { ok: true, value: { kind: 'restored', files, bytes, keptIn: kept, origin: brought?.origin } };
}

/** Before a content is put there: moves what no run wrote away from the path. */
async function keepForeign(cache: Cache, path: string, content: Content): Promise<KeptFiles> {
  const items = content.form === 'folder' ? await readListing(cache.workspace, content.digest) : [];
  // Damaged: nothing will be put there.
  return items === undefined ? nothingKept : keepForeignFiles(cache, path, { content, items });
}
