import type { Explanation, InstanceStatus, SinceResult } from '../answers/instances.ts';
import type { DisplacedOut } from '../event.ts';
import type { Reason } from '../manifest/reason.ts';
import { reasonText } from './reason-text.ts';
import { quotedCommand, type TypedPipeline } from '../wording/command-text.ts';
import { existingOutHelp } from '../wording/existing-out-help.ts';
import { joinFirst } from '../wording/join-first.ts';
import { droppedText, displacedOutText, failedText, originText } from './outcome-text.ts';

/** Why an instance would run or not, one reason a line. */
export function explanationText(
  {
    instance,
    state,
    key,
    because,
    displaced,
    dropped = [],
    adopted,
    frozen,
    madeOn,
    sinceResult,
    after,
    failure,
    fault,
    ignored,
    origin,
  }: Explanation,
  typed: TypedPipeline = {},
): string {
  const command = (name: string): string => quotedCommand(typed, name, [instance]);
  const displacedHelp = ({ was }: DisplacedOut): string =>
    was === 'foreign' ? existingOutHelp(typed, instance) : `restore it with ${command('run')}`;
  // The failure is more specific than the reason to run.
  const reasons = because.filter(({ kind }) => failure === undefined || kind !== 'failed-before');
  const lines = [
    ...(fault === undefined ? [] : [fault]),
    ...(frozen === true && fault === undefined
      ? ['its stage is frozen: its last result is used, whatever changed since']
      : []),
    ...(madeOn === undefined
      ? []
      : [`its result was made on ${madeOn}; on this machine it would run on the CPU`]),
    ...(sinceResult === undefined ? [] : sinceResultLines(sinceResult)),
    ...(adopted
      ? [`its result was adopted: no run computed it (check it with ${command('verify --rerun')})`]
      : []),
    ...reasons.map(reasonText),
    ...(failure === undefined ? [] : [`last attempt ${failedText(failure)} (see ${command('log')})`]),
    ...displaced.map((out) => `${displacedOutText(out)} (${displacedHelp(out)})`),
    ...(dropped.length > 0 ? [droppedText(dropped)] : []),
    ...(after.length === 0
      ? []
      : [
          `${because.length === 0 ? 'may run' : 'its inputs may change too'}, depending on the ` +
            `results of ${joinFirst(after, 10)}`,
        ]),
    ...(state === 'running' && because.length === 0 ? ['running now'] : []),
    ...(state === 'up-to-date'
      ? [`outputs match the cached result (${command('log')} shows why it last ran)`]
      : []),
    ...(origin === undefined ? [] : [`from the shared cache ${origin.remote}: ${originText(origin)}`]),
    ...(ignored.length === 0
      ? []
      : [
          `ignored: ${joinFirst(
            ignored.map(({ path, rule }) => `${path} (${rule})`),
            10,
          )}`,
        ]),
  ];
  const title = `${instance}: ${stateText(state)}${key === undefined ? '' : ` (key ${key.slice(0, 12)})`}`;
  return [`${title}\n`, ...lines.map((line) => `  ${line}\n`)].join('');
}

function sinceResultLines({ changed, fault }: SinceResult): readonly string[] {
  if (fault !== undefined)
    return [...changed.map(ignoredText), `the comparison with its last result is incomplete: ${fault}`];
  return changed.length === 0 ? ['nothing changed since its last result'] : changed.map(ignoredText);
}

const ignoredText = (reason: Reason): string => `changed since, and ignored: ${reasonText(reason)}`;

/** The state of an instance in words. */
export function stateText(state: InstanceStatus['state']): string {
  switch (state) {
    case 'up-to-date':
      return 'up to date';
    case 'out-of-date':
      return 'out of date';
    case 'restorable':
    case 'waiting':
    case 'failed':
    case 'interrupted':
    case 'running':
    case 'submitted':
      return state;
  }
}
