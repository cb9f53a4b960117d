/** The finding about one part of an installation. */
export interface Finding {
  /** "Node", "better-sqlite3", "disk". */
  readonly part: string;
  /**
   * `warning`: it works, and something will be slow, large or not as expected. `broken`: something cannot
   * work.
   */
  readonly state: 'good' | 'warning' | 'broken';
  readonly message: string;
  /** What to do. */
  readonly help?: string;
}
