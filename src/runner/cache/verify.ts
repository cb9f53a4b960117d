import type { Digest } from '../../files/digest.ts';
import { objectFiles, objectPath } from './objects.ts';
import { readContent } from '../workspace/read-content.ts';
import { readListing } from './restore-out.ts';
import { placeOf, shownPath, type Workspace } from '../workspace/workspace.ts';
import type { Key } from '../identity.ts';
import type { Content } from '../manifest/manifest.ts';
import { quotedCommand, type TypedPipeline } from '../wording/command-text.ts';
import { pluralize } from '../wording/pluralize.ts';
import { allProducers, type Maker } from '../store/attempts.ts';
import { keptOuts } from '../manifest/decide.ts';
import { allEntries } from '../store/entries.ts';
import { storeDamage } from './damaged-rows.ts';
import type { Store } from '../store/database/open-store.ts';
import { allPlacements } from '../store/placements.ts';

interface Verified {
  readonly objects: number;
  readonly bytes: number;
  readonly faults: readonly { readonly path: string; readonly message: string }[];
}

/**
 * Reads every object and every placed out again, ignoring the stat cache, and compares them with the rows.
 * Changes nothing. `named`: the instances that pipeline files name ("pipeline instance"); undefined: unknown.
 * Outs that no pipeline file names are never restored, so a deleted or edited one is no fault.
 */
export async function verifyStore(
  workspace: Workspace,
  store: Store,
  named: ReadonlySet<string> | undefined,
  typed: TypedPipeline,
): Promise<Verified> {
  const { file, rows } = storeDamage(store);
  const databaseFile = shownPath(workspace, store.file);
  const damages = [
    ...file.map((message) => ({
      path: databaseFile,
      message: `${message}; move the file away: results will be computed again`,
    })),
    ...rows.map(({ table, names, message }) => ({
      path: `${databaseFile}, table ${table}, row ${Object.values(names).join(' ')}`,
      message: `${message}; ${quotedCommand(typed, 'verify --repair')} drops it`,
    })),
  ];
  if (file.length > 0) return { objects: 0, bytes: 0, faults: damages };
  const right = new Set<Digest>();
  const damaged = new Set<Digest>();
  let bytes = 0;
  for (const { path, digest, size } of objectFiles(workspace)) {
    bytes += size;
    ((await workspace.disk.digest(placeOf(workspace, path))) === digest ? right : damaged).add(digest);
  }
  const cached = new Set<Digest>();
  const holders = new Map<Digest, Holder[]>([...damaged].map((object) => [object, []]));
  for (const { entry } of allEntries(store)) {
    for (const [out, { form, digest }] of Object.entries(keptOuts(entry))) {
      const needed =
        form === 'folder'
          ? [
              digest,
              ...((await readListing(workspace, digest)) ?? []).flatMap((item) =>
                item.kind === 'file' ? [item.digest] : [],
              ),
            ]
          : [digest];
      if (needed.every((object) => right.has(object))) cached.add(digest);
      for (const object of needed)
        if (!right.has(object))
          holders.set(object, [...(holders.get(object) ?? []), { key: entry.key, out }]);
    }
  }
  const producers = holders.size === 0 ? [] : allProducers(store);
  const faults = [...holders].map(([object, held]) => ({
    path: objectPath(object),
    message:
      `${damaged.has(object) ? 'its content does not match its digest' : 'is missing'}: ` +
      `${holdersText(held, producers, named, typed)}`,
  }));
  // Without memory: every byte is read.
  const uncached: Workspace = {
    ...workspace,
    stats: { find: () => undefined, record: () => undefined, forget: () => undefined },
  };
  const repairHint = ({ digest }: Content): string =>
    cached.has(digest)
      ? `${quotedCommand(typed, 'run')} restores it`
      : `it is not in the cache, so its stage has to run again: ${quotedCommand(typed, 'run')}`;
  for (const { path, content, instance, pipeline } of allPlacements(store)) {
    if (named?.has(`${pipeline} ${instance}`) === false) continue;
    const found = await readContent(uncached, path, { links: 'keep' });
    if (!found.ok) faults.push({ path, message: found.error.message });
    else if (found.value === undefined)
      faults.push({ path, message: `missing: an out of ${instance}; ${repairHint(content)}` });
    else if (found.value.content.digest !== content.digest || found.value.content.form !== content.form)
      faults.push({
        path,
        message: `changed since ${instance} wrote it; ${repairHint(content)}`,
      });
  }
  return { objects: right.size, bytes, faults: [...damages, ...faults] };
}

/** An out of a result that an object is a part of. */
interface Holder {
  readonly key: Key;
  readonly out: string;
}

/** The owner of a damaged object, and how to repair it: a run recreates only what it needs. */
function holdersText(
  held: readonly Holder[],
  producers: readonly Maker[],
  named: ReadonlySet<string> | undefined,
  typed: TypedPipeline,
): string {
  const made = producers.flatMap((producer) =>
    held.filter(({ key }) => key === producer.key).map(({ out }) => ({ ...producer, out })),
  );
  const last = made.find(
    ({ pipeline, instance, isLast }) => isLast && named?.has(`${pipeline} ${instance}`) !== false,
  );
  const [first] = held;
  if (first === undefined) return `no result needs it; ${quotedCommand(typed, 'gc')} deletes it`;
  const more = new Set(held.map(({ key }) => key)).size - 1;
  const others = more > 0 ? `, and of ${pluralize(more, 'other result')}` : '';
  if (last !== undefined)
    return (
      `part of the out ${last.out} of ${last.instance} in ${last.pipeline}${others}; a run that needs ` +
      'it computes it again'
    );
  const producer = made.find(({ key }) => key === first.key);
  const maker = producer === undefined ? '' : ` of ${producer.instance} in ${producer.pipeline}`;
  return (
    `part of the out ${first.out} of an older result (${first.key.slice(0, 8)})${maker}${others}; ` +
    'a run computes it again only if it needs that result; ' +
    `${quotedCommand(typed, 'gc --keep-runs 0')} deletes it if no pipeline file needs it`
  );
}
