import type { Best } from '../../stage/best.ts';
import type { Range, Report } from '../diagnostic.ts';
import { unknownReference } from '../pipeline-file/vars/interpolate.ts';
import type { Pipeline } from '../pipeline-file/pipeline.ts';
import type { Cell, ListedCells } from './expand/cell.ts';

/** `best` of a pipeline file, resolved. */
export interface PlannedBest extends Pick<Best, 'goal' | 'within'> {
  readonly stage: string;
  readonly out: string;
  /** In the file of the out, nested names joined by ".". */
  readonly metric: string;
  readonly at: Range;
}

interface CellsOfStages {
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
  readonly left: ReadonlyMap<string, readonly Cell[]>;
  readonly listed: ReadonlyMap<string, readonly ListedCells[]>;
}

/** What `best` names; undefined where the file has none, or where it names something that is missing. */
export function bestOf(
  { best, stages, broken }: Pipeline,
  { cells, left, listed }: CellsOfStages,
  report: Report,
): PlannedBest | undefined {
  const written = best?.fields;
  if (written === undefined) return undefined;
  const { value: by, at } = written.by;
  const [stageName = '', out = '', ...path] = by.split('.');
  if (path.length === 0 || path.includes(''))
    return void report({
      severity: 'error',
      code: 'bad-best',
      message:
        `${JSON.stringify(by)} is not the name of a metric: expected stage.out.name, as in ` +
        'train.summary.loss',
      at,
    });
  // Faults of the stage are reported already.
  if (broken.has(stageName)) return undefined;
  const stage = stages.get(stageName);
  if (stage === undefined) return void report(unknownReference(stageName, 'among the stages', stages, at));
  const outs = new Set([...stage.outs].filter(([, { kind }]) => kind === 'metrics').map(([name]) => name));
  if (!outs.has(out))
    return void report(unknownReference(out, `among the outs of kind metrics of ${stageName}`, outs, at));
  const own = cells.get(stageName);
  const axes = new Set(
    [own, left.get(stageName), listed.get(stageName)].flatMap((parts) =>
      (parts ?? []).flatMap((cell) => [...cell.axes.keys()]),
    ),
  );
  const within = written.within ?? [];
  const unknown = own === undefined ? [] : within.filter(({ value }) => !axes.has(value));
  for (const axis of unknown)
    report(unknownReference(axis.value, `among the axes of ${stageName}`, axes, axis.at));
  return {
    stage: stageName,
    out,
    metric: path.join('.'),
    goal: written.goal.value,
    within: within.map(({ value }) => value),
    at,
  };
}
