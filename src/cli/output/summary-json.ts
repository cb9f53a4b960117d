import type { Outcome, RunSummary } from '../../runner/project.ts';

/** The lists of instances by how they ended. */
export function summaryJson({
  run: id,
  seconds,
  exitCode,
  outcomes,
  frozen,
  sharedCache,
  dropped,
}: RunSummary): object {
  const of = (kind: Outcome['kind']) =>
    [...outcomes].filter(([, outcome]) => outcome.kind === kind).map(([instance]) => instance);
  const [submitted, waiting] = [of('submitted'), of('waiting')];
  return {
    run: id,
    seconds,
    exitCode,
    ran: of('ran'),
    'up-to-date': of('up-to-date'),
    adopted: [...outcomes].flatMap(([instance, outcome]) =>
      outcome.kind === 'up-to-date' && outcome.adopted === true ? [instance] : [],
    ),
    restored: of('restored'),
    failed: of('failed'),
    blocked: of('blocked'),
    skipped: of('skipped'),
    interrupted: of('interrupted'),
    ...(frozen === undefined ? {} : { frozen }),
    ...(sharedCache === undefined ? {} : { sharedCache }),
    ...(dropped === undefined ? {} : { dropped }),
    ...(submitted.length + waiting.length > 0 ? { submitted, waiting } : {}),
  };
}
