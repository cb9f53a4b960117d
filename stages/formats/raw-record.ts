import type { ExactObject } from '../../src/files/exact-json.ts';
import type { RowFault } from '../../src/ml/dataset/row.ts';
import type { Result } from '../../src/result.ts';

/**
 * What a reader finds in the bytes of a raw file, in order. Lines count from 1; in Parquet, which has none,
 * records do.
 */
export type RawItem =
  | RawRecord
  | BadRecord
  /** Something unclean that loses nothing: what follows is read all the same. */
  | {
      readonly kind: 'repaired';
      readonly line: number;
      readonly reason: 'byte order mark' | 'mixed line ends' | 'missing last fields';
      readonly detail: string;
    };

export interface RawRecord {
  readonly kind: 'record';
  readonly line: number;
  readonly values: ExactObject;
  /**
   * Members whose bytes are not valid text, and why: they invalidate the record only if its row uses them.
   */
  readonly unreadable?: ReadonlyMap<string, Unreadable>;
}

export interface Unreadable {
  readonly reason: 'not UTF-8' | 'broken text';
  readonly detail: string;
}

/** An input that cannot be read as a record, or not as a row. */
export interface BadRecord {
  readonly kind: 'bad';
  readonly line: number;
  readonly reason: RowFault['reason'] | 'not UTF-8' | 'unpaired quote' | 'record too long' | 'not JSON';
  readonly detail: string;
}

/** A fault before it has a line. */
export type Fault = Omit<BadRecord, 'line'>;

/** Which columns of a table are read, by the names in its header; or why it cannot be used. */
export type ChooseColumns = (names: readonly string[]) => Result<readonly string[], Fault>;

/** A record with more bytes is not read further: it is invalid, and reading continues at the next line. */
export const longestRecord = 1 << 24;
