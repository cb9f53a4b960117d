import type { Result } from '../../result.ts';
import type { InstanceId } from '../identity.ts';

/** Which pipeline file is read, and how. */
export interface SourceRequest {
  /** The pipeline file, from the project root. */
  readonly file: string;
  /** The text of a file of the project; the error is why it cannot be read. */
  readonly readText: (path: string) => Result<string>;
  /** Where a file of the project leads by a symbolic link, if that is outside of it. */
  readonly leadsOutTo?: (path: string) => string | undefined;
  /** The existing path of the project that is most similar to a missing one. */
  readonly nearestPath?: (path: string) => string | undefined;
  /** The texts of `--set`, in order. */
  readonly overrides: readonly string[];
  /**
   * The content of an out that a matrix takes values from, in the last result of an instance; undefined: it
   * has no result. Omitted: no instance has one.
   */
  readonly readList?: (pipeline: string, instance: InstanceId, out: string) => ListText | undefined;
}

/** An out that holds the values of an axis. */
export interface ListText {
  readonly digest: string;
  /** Undefined if it is not text, or larger than a pipeline file may be. */
  readonly text: () => string | undefined;
}
