import type { EvaluationRecord, StepRecord } from './train-config.ts';
import type { ParameterCounts } from './trainee.ts';

/** What a training reports while it runs. Only rates depend on the clock. */
export type TrainEvent =
  | {
      readonly kind: 'start';
      readonly total: number;
      readonly resumedAt: number;
      readonly parameters: ParameterCounts;
      readonly rows: number;
      readonly validationRows: number;
    }
  | {
      readonly kind: 'step';
      readonly record: StepRecord;
      readonly total: number;
      readonly tokensPerSecond: number;
    }
  | { readonly kind: 'evaluation'; readonly record: EvaluationRecord; readonly best: boolean }
  | { readonly kind: 'checkpoint'; readonly step: number }
  | { readonly kind: 'warning'; readonly text: string };
