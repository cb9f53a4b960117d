import { memory } from '../../../memory.ts';
import { objectCheck, type ObjectCheck } from '../../cache/lookup-result.ts';
import type { Key } from '../../identity.ts';
import { keyOf } from '../../manifest/key-of.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { ContentReader, Reads } from '../../programs/reads.ts';
import { globFiles } from '../../workspace/glob-files.ts';
import { type IgnoreRules, ignoreRules } from '../../workspace/ignore/ignore-rules.ts';
import { readContent } from '../../workspace/read-content.ts';
import { type Stamp, stampOrNone } from '../../workspace/stamp.ts';
import { placeOf, type Workspace } from '../../workspace/workspace.ts';
import type { InputSources } from './read-inputs.ts';

/** Everything is read at most once; never kept while a stage runs. */
export interface ReadCache extends Reads {
  readonly keyOf: (manifest: Manifest) => Key;
  readonly object: ObjectCheck;
  /** The files of a pattern. */
  readonly files: InputSources['files'];
}

/**
 * `known`: keys of manifests, by the text that JSON makes of them: to read one costs less than to make the
 * key again.
 */
export function readCacheOf(workspace: Workspace, known: ReadonlyMap<string, Key> = new Map()): ReadCache {
  const contents = memory<ReturnType<ContentReader>>();
  const stamps = memory<Stamp>();
  const ignoring = memory<IgnoreRules>();
  const files = memory<ReturnType<InputSources['files']>>();
  return {
    keyOf: (manifest) => known.get(JSON.stringify(manifest)) ?? keyOf(manifest),
    read: (path, rules) =>
      contents(`${rules.links} ${rules.ignoring !== undefined} ${path}`, () =>
        readContent(workspace, path, rules),
      ),
    object: objectCheck(workspace),
    stamp: (path) => stamps(path, () => stampOrNone(workspace.disk.stat(placeOf(workspace, path)))),
    ignoring: () => ignoring('', () => ignoreRules(workspace)),
    files: (pattern, rules) =>
      files(`${rules !== undefined} ${pattern}`, () => globFiles(workspace, pattern, rules)),
    executable: memory(),
    code: memory(),
  };
}
