import type { Diagnostic } from '../diagnostic.ts';

/** The reasons why a command did nothing, each with its exit code. */
export type Problem =
  /**
   * The pipeline file, or a file that it names: exit 2. `sources`: the texts that the diagnostics point into,
   * by file.
   */
  | {
      readonly kind: 'invalid';
      readonly diagnostics: readonly Diagnostic[];
      readonly sources: ReadonlyMap<string, string>;
    }
  /** Another run is in progress: exit code 3. `pid`: undefined until the holder has written it. */
  | { readonly kind: 'busy'; readonly pid: number | undefined; readonly since: number | undefined }
  /** The store cannot be read: exit 4. */
  | { readonly kind: 'damaged'; readonly message: string }
  /** The disk is full, or fails: exit 1. */
  | { readonly kind: 'disk'; readonly message: string; readonly help?: string };
