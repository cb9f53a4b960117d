/**
 * What a stage reports to the runner while it works: NDJSON, one message a line, on a descriptor of its own
 * (never stdout). Clock times, rates and memory travel here and are never written into an out.
 */
export type StageMessage =
  /** How far the work is. `unit` names what is counted: "step", "row". */
  | {
      readonly kind: 'progress';
      readonly done: number;
      readonly total: number;
      readonly unit: string;
      readonly note?: string;
    }
  /** Values of a series at a step: loss, learningRate, tokensPerSecond. */
  | { readonly kind: 'metric'; readonly step: number; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string }
  /** Inputs that were cut to `limit` tokens: `count` of `of`. */
  | {
      readonly kind: 'truncated';
      readonly what: string;
      readonly count: number;
      readonly of: number;
      readonly limit: number;
    }
  /** The engine and the device that really compute. */
  | { readonly kind: 'device'; readonly runtime: string; readonly device: string }
  /** A checkpoint that an interrupted run resumes from. */
  | { readonly kind: 'checkpoint'; readonly step: number }
  /** A fault of the input, found by the stage: what, where, what to do. The stage then exits with 1. */
  | { readonly kind: 'failure'; readonly text: string };
