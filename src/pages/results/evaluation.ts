/** The answers of one model to the rows of a test file, with the scores of each. */
export interface Evaluation {
  readonly rows: readonly EvaluatedRow[];
  /** Equal where questions and references are. */
  readonly set: string;
}

export interface EvaluatedRow {
  readonly question: string;
  readonly reference: string;
  readonly prediction: string;
  /** Of the requested profile. */
  readonly scores: Readonly<Record<string, number>>;
  /** How the answer treats each slot: `named`, `other`, `missing`. */
  readonly slots: Readonly<Record<string, string>>;
  readonly identity: string;
  /** A report without its texts: they would have made it too large. */
  readonly isLeftOut?: true;
}

/** An evaluation with the instance that made it. */
export interface NamedEvaluation {
  readonly instance: string;
  readonly isCurrent: boolean;
  readonly evaluation: Evaluation;
}
