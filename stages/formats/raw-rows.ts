import type { FileProblem } from '../../src/files/file-problem.ts';
import type { JsonObject } from '../../src/files/json.ts';
import { type Row, type RowFault, rowOf } from '../../src/ml/dataset/row.ts';
import type { Result } from '../../src/result.ts';
import { type Unwanted, aimcRow } from './aimc.ts';
import { huatuoRow } from './huatuo.ts';
import type { RawItem } from './raw-record.ts';

/** What the records of a raw data set mean. `jsonl`: rows of `human` and `assistant`, ready made. */
export type RawFormat = 'aimc' | 'huatuo' | 'jsonl';

/** The columns that no record of a format can lack. A conversation has one of two forms. */
export function columnsOf(format: RawFormat): readonly string[] {
  switch (format) {
    case 'aimc':
      return ['Description', 'Patient', 'Doctor'];
    case 'huatuo':
      return [];
    case 'jsonl':
      return ['human', 'assistant'];
  }
}

export interface RawRows {
  readonly rows: readonly Row[];
  /** Records read: as many as rows and dropped records together. */
  readonly read: number;
  /** Records that are not among the rows, by reason. */
  readonly dropped: readonly Finding[];
  /** What was unclean but lost nothing (a byte order mark, mixed line ends), by reason. */
  readonly repaired: readonly Finding[];
}

/** How often something was found, with the first five places. */
export interface Finding {
  readonly reason: string;
  readonly count: number;
  readonly examples: readonly FileProblem[];
}

/** The rows of all files in order, what was found on the way, and every place that is not clean. */
export function gatherRows(
  files: readonly { readonly path: string; readonly items: Iterable<RawItem> }[],
  format: RawFormat,
): RawRows & { readonly unclean: readonly FileProblem[] } {
  const rows: Row[] = [];
  const found: Found[] = [];
  for (const { path, items } of files) {
    for (const item of items) {
      const outcome = outcomeOf(item, format);
      if (outcome.kind === 'row') rows.push(outcome.row);
      else
        found.push({
          kind: outcome.kind,
          reason: outcome.reason,
          place: { path, line: outcome.line, message: `${outcome.reason}: ${outcome.detail}` },
        });
    }
  }
  const dropped = found.filter(({ kind }) => kind !== 'repaired');
  return {
    rows,
    read: rows.length + dropped.length,
    dropped: byReason(dropped),
    repaired: byReason(found.filter(({ kind }) => kind === 'repaired')),
    unclean: found.filter(({ kind }) => kind !== 'unwanted').map(({ place }) => place),
  };
}

interface Found {
  readonly kind: 'bad' | 'repaired' | 'unwanted';
  readonly reason: string;
  readonly place: FileProblem;
}

type Outcome =
  | Exclude<RawItem, { readonly kind: 'record' }>
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'unwanted'; readonly line: number; readonly reason: string; readonly detail: string };

function outcomeOf(item: RawItem, format: RawFormat): Outcome {
  if (item.kind !== 'record') return item;
  const { line } = item;
  const row = rowIn(format, item.values);
  if (row.ok) return { kind: 'row', row: row.value };
  return 'detail' in row.error
    ? { kind: 'bad', line, ...row.error }
    : { kind: 'unwanted', line, reason: row.error.reason, detail: 'left out by the filters of the format' };
}

function rowIn(format: RawFormat, values: JsonObject): Result<Row, RowFault | Unwanted> {
  switch (format) {
    case 'aimc':
      return aimcRow(values);
    case 'huatuo':
      return huatuoRow(values);
    case 'jsonl':
      return rowOf(values);
  }
}

/** In the order in which the reasons were first met. */
function byReason(found: readonly Found[]): readonly Finding[] {
  const places = new Map<string, FileProblem[]>();
  for (const { reason, place } of found) {
    const list = places.get(reason);
    if (list === undefined) places.set(reason, [place]);
    else list.push(place);
  }
  return [...places].map(([reason, list]) => ({ reason, count: list.length, examples: list.slice(0, 5) }));
}
