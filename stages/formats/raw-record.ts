import type { JsonObject } from '../../src/files/json.ts';
import type { RowFault } from '../../src/ml/dataset/row.ts';

/** What a reader finds in the bytes of a raw file, in order. Lines count from 1; in Parquet, which has none, records do. */
export type RawItem =
  | { readonly kind: 'record'; readonly line: number; readonly values: JsonObject }
  | BadRecord
  /** Something unclean that loses nothing: what follows is read all the same. */
  | {
      readonly kind: 'repaired';
      readonly line: number;
      readonly reason: 'byte order mark' | 'mixed line ends';
      readonly detail: string;
    };

/** What cannot be read as a record, or not as a row. */
export interface BadRecord {
  readonly kind: 'bad';
  readonly line: number;
  readonly reason: RowFault['reason'] | 'not UTF-8' | 'unpaired quote' | 'record too long' | 'not JSON';
  readonly detail: string;
}

/** A record with more bytes is not looked at further: it is bad, and reading goes on at the next line. */
export const longestRecord = 1 << 24;
