import type { Result } from '../../result.ts';

/** Which pipeline file is read, and how. */
export interface SourceRequest {
  /** The pipeline file, from the project root. */
  readonly file: string;
  /** The text of a file of the project; the error says why it cannot be read. */
  readonly readText: (path: string) => Result<string>;
  /** The texts of `--set`, in order. */
  readonly overrides: readonly string[];
}
