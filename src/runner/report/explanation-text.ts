import type { Explanation, InstanceStatus } from '../answers.ts';
import { reasonText } from './reason-text.ts';
import { shellName } from '../wording/shell-name.ts';
import { joinFirst } from '../wording/join-first.ts';
import { displacedOutText, failureText } from './outcome-text.ts';

/** Why an instance would run, or would not, a line a reason. */
export function explanationText({
  instance,
  state,
  key,
  because,
  displaced,
  adopted,
  after,
  failure,
  fault,
  ignored,
}: Explanation): string {
  const lines = [
    ...(fault === undefined ? [] : [fault]),
    ...(adopted
      ? [
          `its result was adopted: no run computed it (check it with \`pipeline verify --rerun ${shellName(instance)}\`)`,
        ]
      : []),
    ...because.map(reasonText),
    ...(failure === undefined
      ? []
      : [`it failed with: ${failureText(failure)} (see \`pipeline log ${shellName(instance)}\`)`]),
    ...displaced.map((out) => `${displacedOutText(out)}: pipeline run restores it`),
    ...(after.length === 0
      ? []
      : [
          `${because.length === 0 ? 'whether it runs' : 'whether its deps change too'} is known when these are done: ${joinFirst(after, 10)}`,
        ]),
    ...(state === 'running' && because.length === 0 ? ['it runs now'] : []),
    ...(state === 'up-to-date'
      ? [`outputs match the cached result (\`pipeline log ${shellName(instance)}\` shows why it last ran)`]
      : []),
    ...(ignored.length === 0
      ? []
      : [
          `ignored: ${joinFirst(
            ignored.map(({ path, rule }) => `${path} (${rule})`),
            10,
          )}`,
        ]),
  ];
  return `${instance}: ${stateText(state)}${key === undefined ? '' : ` (key ${key.slice(0, 12)})`}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** The state of an instance in words. */
export function stateText(state: InstanceStatus['state']): string {
  switch (state) {
    case 'up-to-date':
      return 'up to date';
    case 'restorable':
      return 'in the cache';
    case 'out-of-date':
      return 'out of date';
    case 'waiting':
      return 'waits';
    case 'failed':
    case 'interrupted':
    case 'running':
      return state;
  }
}
