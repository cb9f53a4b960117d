import type { InstanceStatus, Status } from '../answers/instances.ts';
import { quotedCommand, type TypedPipeline } from '../wording/command-text.ts';
import { joinFirst } from '../wording/join-first.ts';
import { pluralize } from '../wording/pluralize.ts';
import { table } from '../wording/table.ts';
import { stateText } from './explanation-text.ts';
import { droppedText, displacedText } from './outcome-text.ts';
import { reasonText } from './reason-text.ts';

interface StatusView {
  /** Every instance, not only those that are not up to date. */
  readonly all: boolean;
  readonly width: number;
  readonly typed?: TypedPipeline;
}

/**
 * How many instances are in which state, and the ones that are not up to date, or are with a reservation.
 */
export function statusText(
  { instances, awaited, unnamed }: Status,
  { all, width, typed }: StatusView,
): string {
  const listed = all
    ? instances
    : instances.filter(
        ({ state, adopted, frozen, madeOn, unchecked }) =>
          state !== 'up-to-date' ||
          adopted ||
          frozen === true ||
          madeOn !== undefined ||
          unchecked.length > 0,
      );
  const shown = all ? listed : listed.slice(0, mostRows);
  const rows = [
    ...shown.map((row) => [row.instance, stateText(row.state), whyText(row)]),
    ...awaited.map(({ name, after }) => [name, 'unknown', `known after ${joinFirst(after, 3)}`]),
  ];
  const left = listed.length - shown.length;
  const lines = [
    `${pluralize(instances.length, 'instance')}${instances.length === 0 ? '' : `: ${countsOf(instances)}`}`,
    ...(rows.length === 0 ? [] : ['', ...table([['instance', 'state', 'because'], ...rows], width)]),
    ...(left === 0 ? [] : [`… and ${left} more (--all lists every instance)`]),
    ...(unnamed.length === 0
      ? []
      : [
          '',
          `No pipeline file names these results any more (delete them with ${quotedCommand(typed, 'gc')}):`,
          ...unnamed.map(({ instance, path }) => `  ${instance}  ${path}`),
        ]),
  ];
  return `${lines.join('\n')}\n`;
}

const mostRows = 20;

/** "40 up to date, 3 out of date, 2 waiting". */
function countsOf(instances: readonly InstanceStatus[]): string {
  const counts = new Map<InstanceStatus['state'], number>();
  for (const { state } of instances) counts.set(state, (counts.get(state) ?? 0) + 1);
  return order
    .flatMap((state) => (counts.has(state) ? [`${counts.get(state)} ${stateText(state)}`] : []))
    .join(', ');
}

const order: readonly InstanceStatus['state'][] = [
  'up-to-date',
  'restorable',
  'out-of-date',
  'waiting',
  'running',
  'submitted',
  'failed',
  'interrupted',
];

function whyText({
  because,
  displaced,
  dropped = [],
  adopted,
  frozen,
  madeOn,
  unchecked,
  after,
  fault,
}: InstanceStatus): string {
  return [
    ...(frozen === true && fault === undefined ? ['frozen: its last result is used'] : []),
    ...(madeOn === undefined ? [] : [`made on ${madeOn}`]),
    ...(adopted ? ['adopted: no run computed its result'] : []),
    ...(unchecked.length > 0 ? [uncheckedText(unchecked)] : []),
    ...(fault === undefined ? [] : [fault]),
    ...because.map(reasonText),
    ...(displaced.length > 0 ? [displacedText(displaced)] : []),
    ...(dropped.length > 0 ? [droppedText(dropped)] : []),
    ...(after.length === 0 ? [] : [`waiting for ${joinFirst(after, 3)}`]),
  ].join('; ');
}

/** Which deps count as they did, unchecked. */
const uncheckedText = (paths: readonly string[]): string =>
  `not checked: ${joinFirst(paths, 3)} (not on this machine)`;
