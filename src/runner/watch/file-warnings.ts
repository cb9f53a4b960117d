import type { Diagnostic } from '../diagnostic.ts';

/** The warnings of the last version of the pipeline file: shown when they are new, not with every run. */
export class FileWarnings {
  #texts: ReadonlySet<string> = new Set();

  /** Stores the warnings of the current file; returns those that are new. */
  renew(warnings: readonly Diagnostic[]): readonly Diagnostic[] {
    const added = warnings.filter((warning) => !this.has(warning));
    this.#texts = new Set(warnings.map((warning) => JSON.stringify(warning)));
    return added;
  }

  has(warning: Diagnostic): boolean {
    return this.#texts.has(JSON.stringify(warning));
  }
}
