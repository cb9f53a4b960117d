import { digestOf, parseDigest } from '../../files/digest.ts';
import type { InstanceId } from '../identity.ts';
import { type Content, parseForm } from '../manifest/manifest.ts';
import type { Store } from './database/open-store.ts';
import { type Row, rowOf, rowsOf } from './database/row.ts';

/**
 * An out that the runner put into the project, with its content then. If the content differs now, it is
 * somebody else's.
 */
interface Placement {
  readonly path: string;
  readonly pipeline: string;
  readonly instance: string;
  readonly content: Content;
}

/** Replaces what was recorded for the path. */
export function recordPlacement(
  store: Store,
  pipeline: string,
  instance: InstanceId,
  path: string,
  content: Content,
): void {
  store
    .sql('INSERT OR REPLACE INTO placements (path, pipeline, instance, form, digest) VALUES (?, ?, ?, ?, ?)')
    .run(path, pipeline, instance, content.form, content.digest);
}

/** An out that a program writes by itself, before the program has ended: its content is unknown. */
export const unwritten: Content = { form: 'file', digest: digestOf('') };

/** Whether a program that wrote there by itself has not ended, or was killed. */
export const isUnwritten = ({ content: { form, digest } }: Placement): boolean =>
  form === unwritten.form && digest === unwritten.digest;

/** Undefined: no run put anything at this path. */
export function placementAt(store: Store, path: string): Placement | undefined {
  const row = rowOf(store.sql('SELECT * FROM placements WHERE path = ?').get(path));
  return row && placementOf(row);
}

/** Of one instance, also of outs that it no longer declares. */
export function placementsOf(store: Store, pipeline: string, instance: InstanceId): readonly Placement[] {
  return rowsOf(
    store.sql('SELECT * FROM placements WHERE pipeline = ? AND instance = ?').all(pipeline, instance),
  ).flatMap((row) => placementOf(row) ?? []);
}

/** Of all pipelines of the project, by path. */
export const allPlacements = (store: Store): readonly Placement[] =>
  rowsOf(store.sql('SELECT * FROM placements ORDER BY path').all()).flatMap((row) => placementOf(row) ?? []);

/** The digest of every out that the runner put into the project, by its path. */
export const placedOuts = (store: Store): ReadonlyMap<string, string> =>
  new Map(
    rowsOf(store.sql('SELECT path, digest FROM placements').all()).map((row) => [
      row.text('path'),
      row.text('digest'),
    ]),
  );

/** What is at the path is no longer the business of runs. */
export function forgetPlacement(store: Store, path: string): void {
  store.sql('DELETE FROM placements WHERE path = ?').run(path);
}

/** Undefined for a damaged row: what was put there is unknown then, and is not touched. */
function placementOf(row: Row): Placement | undefined {
  const digest = parseDigest(row.text('digest'));
  const form = parseForm(row.text('form'));
  if (!digest.ok || form === undefined) return undefined;
  return {
    path: row.text('path'),
    pipeline: row.text('pipeline'),
    instance: row.text('instance'),
    content: { form, digest: digest.value },
  };
}

/** Outs of instances that are not among these ("pipeline instance"). */
export const unnamedPlacements = (store: Store, instances: ReadonlySet<string>): readonly Placement[] =>
  allPlacements(store).filter(({ pipeline, instance }) => !instances.has(`${pipeline} ${instance}`));
