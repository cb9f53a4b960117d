import type { Event } from '../../event.ts';
import { stageOf } from '../../identity.ts';
import type { Colors } from '../../wording/colors.ts';
import { awaitedText } from '../awaited-text.ts';
import { pluralize } from '../../wording/pluralize.ts';
import { durationText } from '../../wording/duration-text.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { printable } from '../../wording/printable.ts';
import { sizeText } from '../../wording/size-text.ts';
import { textWidth } from '../../wording/text-width.ts';
import { cutToWidth } from '../../wording/wrapped.ts';
import { gpuUsageText } from '../gpu-text.ts';
import type { LiveView, Running } from './run-view.ts';

/**
 * The lines of the display at one time: the progress of the run, then a line for each running instance. At
 * most `rows` - 1, which leaves a line for the cursor: lines that have scrolled away cannot be redrawn.
 */
export function frame(
  view: LiveView,
  now: number,
  width: number,
  colors: Colors,
  rows = Infinity,
): readonly string[] {
  if (view.fetching !== undefined) return [cutToWidth(fetchingLine(view.fetching, colors, width), width)];
  const room = Math.max(0, rows - 2);
  const shown = [...view.running].slice(0, view.running.size > room ? Math.max(0, room - 1) : room);
  const names = Math.max(0, ...shown.map(([id]) => textWidth(id)));
  const left = view.running.size - shown.length;
  return [
    statusLine(view, now, colors, width),
    ...shown.map(([id, row]) =>
      runningLine(`${id}${' '.repeat(names - textWidth(id))}`, row, now, width, colors),
    ),
    ...(left > 0 && room > 0 ? [colors.dim(`  … and ${left} more`)] : []),
  ].map((line) => cutToWidth(line, width));
}

/**
 * Everything in one line, for a log:
 * "3 of 45 done · 1 running · 41 s · train[lora] 120/300 step, loss 2.31".
 */
export function progressLine(view: LiveView, now: number, colors: Colors): string {
  if (view.fetching !== undefined) return fetchingLine(view.fetching, colors);
  const running = [...view.running].map(([id, row]) => [id, ...progressParts(row)].join(' '));
  return [statusLine(view, now, colors), ...(running.length === 0 ? [] : [joinFirst(running, 3)])].join(
    colors.dim(' · '),
  );
}

function progressParts(row: Running): readonly string[] {
  const parts = [
    ...(row.total > 0 ? [`${row.done}/${row.total} ${printable(row.unit)}`] : []),
    ...(row.loss === undefined ? [] : [`loss ${row.loss.toPrecision(3)}`]),
  ];
  return parts.length === 0 ? [] : [parts.join(', ')];
}

/** "fetching hf:google/mt5-base@main, 1.2 GiB of 2.3 GiB, 45 MiB/s, 24 s left". */
function fetchingLine(
  { model, bytes, total, bytesPerSecond, secondsLeft }: Extract<Event, { kind: 'fetching' }>,
  colors: Colors,
  width = Infinity,
): string {
  const parts = [
    `fetching ${model}`,
    `${sizeText(bytes)} of ${sizeText(total)}`,
    ...(bytesPerSecond === null ? [] : [`${sizeText(bytesPerSecond)}/s`]),
    ...(secondsLeft === null ? [] : [`${durationText(secondsLeft)} left`]),
  ];
  return joinFitting(parts, colors.dim(' · '), width);
}

/** "12 of 45 done, 2 running, 41 s, about 1 min 50 s left". */
function statusLine(view: LiveView, now: number, colors: Colors, width = Infinity): string {
  const { counts } = view;
  const ended = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = [
    colors.bold(`${ended} of ${view.total} done`),
    ...(counts['up-to-date'] + counts.restored > 0
      ? [`${counts['up-to-date'] + counts.restored} up to date`]
      : []),
    ...(counts.failed > 0 ? [colors.red(`${counts.failed} failed`)] : []),
    ...(view.running.size > 0 ? [`${view.running.size} running`] : []),
    ...(view.awaited.length > 0 ? [awaitedText(view.awaited)] : []),
    durationText((now - view.startedAt) / 1000),
    ...(leftText(view, now) ?? []),
  ];
  return joinFitting(parts, colors.dim(' · '), width);
}

function leftText(view: LiveView, now: number): readonly string[] | undefined {
  const {
    seconds,
    uncounted: [first, ...more],
  } = timeLeft(view, now);
  if (seconds < 1) return undefined;
  if (first === undefined) return [`about ${durationText(Math.ceil(seconds))} left`];
  return [
    `at least ${durationText(Math.ceil(seconds))} left, not counting ` +
      `${first}${more.length === 0 ? '' : ` and ${pluralize(more.length, 'more stage')}`}`,
  ];
}

/**
 * Seconds until the end, from the mean of each stage's instances so far and from the running ones, by their
 * own progress, else of earlier runs; divided among the jobs. `uncounted`: stages without any measurement.
 */
export function timeLeft(
  view: LiveView,
  now: number,
): { readonly seconds: number; readonly uncounted: readonly string[] } {
  let work = 0;
  const uncounted: string[] = [];
  let longest = 0;
  for (const [stage, { left, ran, seconds, earlier }] of Object.entries(view.stages)) {
    const running = [...view.running].filter(([id]) => stageOf(id) === stage).map(([, row]) => row);
    const guesses = running.map((row) => expectedSeconds(row, now)).filter((guess) => guess !== undefined);
    const measured = ran + guesses.length;
    const mean =
      measured > 0 ? (seconds + guesses.reduce((sum, guess) => sum + guess, 0)) / measured : earlier;
    if (mean === undefined && left > 0) uncounted.push(stage);
    for (const row of running) {
      const rest = Math.max(0, (expectedSeconds(row, now) ?? mean ?? 0) - (now - row.startedAt) / 1000);
      longest = Math.max(longest, rest);
      work += rest;
    }
    work += Math.max(0, left - running.length) * (mean ?? 0);
  }
  return { seconds: Math.max(longest, work / view.jobs), uncounted };
}

/** How long an instance will have taken, by its own progress. */
function expectedSeconds(row: Running, now: number): number | undefined {
  if (row.countedFrom === undefined || row.done <= row.countedFrom.done || row.total === 0) return undefined;
  const perUnit = (now - row.countedFrom.at) / (row.done - row.countedFrom.done);
  return (now - row.startedAt + perUnit * (row.total - row.done)) / 1000;
}

function progressBar(name: string, { done, total }: Running, width: number, colors: Colors): string {
  const cells = Math.min(20, width - textWidth(name) - besideBar);
  return bar(done / total, cells, colors) + String(done).padStart(String(total).length);
}

function runningLine(name: string, row: Running, now: number, width: number, colors: Colors): string {
  const expected = expectedSeconds(row, now);
  const elapsed = (now - row.startedAt) / 1000;
  const parts = [
    ...(row.total > 0
      ? [`${progressBar(name, row, width, colors)}/${row.total} ${printable(row.unit)}`]
      : []),
    ...(row.loss === undefined ? [] : [`loss ${row.loss.toPrecision(3)}`]),
    ...(row.note === undefined ? [] : [printable(row.note)]),
    ...(row.gpu === undefined ? [] : [colors.dim(gpuUsageText(row.gpu))]),
    colors.dim(
      expected === undefined
        ? durationText(elapsed)
        : `${durationText(Math.max(0, Math.ceil(expected - elapsed)))} left`,
    ),
  ];
  return `  ${name}  ${joinFitting(parts, '  ', width - textWidth(name) - 4)}`;
}

/** As many of the parts as fit, the first ones first: a truncated word is worse than none. */
function joinFitting(parts: readonly string[], separator: string, width: number): string {
  for (let count = parts.length; count > 1; count--) {
    const text = parts.slice(0, count).join(separator);
    if (textWidth(text) <= width) return text;
  }
  return parts[0] ?? '';
}

/** Columns that the numbers of a running line take beside its bar. */
const besideBar = 42;

/** Narrow terminals have no room for it: the numbers matter more. */
function bar(share: number, cells: number, colors: Colors): string {
  if (cells < 5) return '';
  const full = Math.max(0, Math.min(cells, Math.round(share * cells)));
  return `${colors.cyan('━'.repeat(full))}${colors.dim('╌'.repeat(cells - full))} `;
}
