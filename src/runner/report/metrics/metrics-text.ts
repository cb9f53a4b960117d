import type { InstanceMetrics } from '../../answers/results.ts';
import { stageOf } from '../../identity.ts';
import { aligned } from '../../wording/aligned.ts';
import { quotedCommand, type TypedPipeline } from '../../wording/command-text.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { wrapped } from '../../wording/wrapped.ts';
import { metricsTable } from './metrics-table.ts';
import { hasColumn } from './named-columns.ts';

/** Metrics as tables, one for each stage, no wider than `width`. `columns`: the requested metrics. */
export function metricsText(
  measured: readonly InstanceMetrics[],
  columns: readonly string[] | undefined,
  width: number,
  typed: TypedPipeline = {},
): string {
  if (measured.length === 0)
    return 'no metrics: none of the selected instances has a result with an out of kind metrics\n';
  // Instances of different stages measure different things: a table each.
  const shown = columns === undefined ? measured : measured.filter((row) => hasColumn(row, columns));
  const stages = [...new Set(shown.map(({ instance }) => stageOf(instance)))];
  const tables = stages.map((stage) => {
    const { rows, same, left } = metricsTable(
      shown.filter(({ instance }) => stageOf(instance) === stage),
      columns,
      width,
    );
    const notes = [
      note(
        'same in all instances',
        same.map(({ name, value }) => `${name} ${value}`),
      ),
      note('also different (--json)', left.settings),
      note('not shown (--columns)', columns === undefined ? left.metrics : []),
    ].flat();
    return `${[...aligned(rows), ...notes.flatMap((each) => wrapped(each, width))].join('\n')}\n`;
  });
  const marked = shown.some(({ best }) => best !== undefined)
    ? '\n* the best by the rule `best` in the pipeline file\n'
    : '';
  const outdated = measured.some(({ state }) => state === 'out-of-date')
    ? '\nout of date: metrics of the last results, with their params (update them with ' +
      `${quotedCommand(typed, 'run')})\n`
    : '';
  const adopted = measured.some((row) => row.adopted)
    ? '\nadopted: existing files taken as the result; check them with ' +
      `${quotedCommand(typed, 'verify --rerun')}\n`
    : '';
  return `${tables.join('\n')}${marked}${outdated}${adopted}`;
}

/** There may be hundreds of metrics; --json has them all. */
const note = (title: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`${title}: ${joinFirst(names, mostNamed)}`];

const mostNamed = 12;
