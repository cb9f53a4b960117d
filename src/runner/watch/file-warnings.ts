import type { Diagnostic } from '../diagnostic.ts';

/**
 * The warnings of the pipeline file as it was read last: shown when they are new, not with every run.
 */
export class FileWarnings {
  #texts: ReadonlySet<string> = new Set();

  /** Takes those of the file as it is now; gives the ones that it did not have before. */
  renew(warnings: readonly Diagnostic[]): readonly Diagnostic[] {
    const added = warnings.filter((warning) => !this.has(warning));
    this.#texts = new Set(warnings.map((warning) => JSON.stringify(warning)));
    return added;
  }

  has(warning: Diagnostic): boolean {
    return this.#texts.has(JSON.stringify(warning));
  }
}
