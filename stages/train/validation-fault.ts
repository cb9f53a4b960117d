import type { TrainParams } from './train-params.ts';

/**
 * Settings that need validation rows although the validation split is empty; undefined if there are none.
 * `otherNeeds`: what else of the stage needs them, in words.
 */
export function needOfValidation(
  { config }: Pick<TrainParams, 'config'>,
  otherNeeds: readonly (string | false)[],
): string | undefined {
  const schedule = typeof config.schedule === 'object' ? config.schedule.name : config.schedule;
  const needs = [
    config.earlyStopping !== undefined && 'earlyStopping',
    config.restoreBest === true && 'restoreBest',
    config.selectBy !== undefined && 'selectBy',
    schedule === 'reduce_lr_on_plateau' && 'schedule: reduce_lr_on_plateau',
    ...otherNeeds,
  ].filter((need) => typeof need === 'string');
  return needs.length === 0 ? undefined : needs.join(', ');
}

/** A share of the training rows that comes to no row, and what to do about it. */
export const noValidationText = (share: number, rows: number): string =>
  `validation: ${share} of ${rows} training rows rounds down to no rows: ` +
  `give a share of at least ${shareOfOne(rows)}, or validation: 0`;

/** The least share, to three digits, that comes to a row. */
function shareOfOne(rows: number): number {
  const share = Math.ceil(1000 / rows) / 1000;
  return Math.floor(share * rows) >= 1 ? share : share + 0.001;
}
