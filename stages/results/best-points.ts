import { pairedComparison } from '../../src/ml/metrics/paired-comparison.ts';
import { bestWithin, type Best, type RankedGroup } from '../../src/stage/best.ts';
import type { Result } from '../../src/result.ts';
import type { TrainingSummary, ValidationRow } from './evaluation.ts';
import { lossShares } from './scores.ts';
import type { ScoreRow } from './score-row.ts';

export interface BestPoints {
  /** The criterion in words; undefined where no point can be marked. */
  readonly by: string | undefined;
  readonly best: ReadonlySet<ScoreRow>;
  /** Points whose validation losses, row by row, could be as low as the best one's. */
  readonly tied: ReadonlySet<ScoreRow>;
  readonly warnings: readonly PointWarning[];
}

/** Points that were ranked together though they cannot be compared, in words. */
export interface PointWarning {
  readonly rows: ReadonlySet<ScoreRow>;
  readonly text: string;
}

/** A training of a point, with the number that it is ranked by. */
interface Candidate {
  readonly axes: ScoreRow['axes'];
  readonly value: number;
  readonly row: ScoreRow;
}

/**
 * Marks the best points by `best` of the pipeline file: by a metric of the trainings, never by a score of the
 * test rows. A model that was not trained is never marked.
 */
export function bestPoints(rows: readonly ScoreRow[], best: Best | undefined): Result<BestPoints> {
  const none = { by: undefined, best: new Set<ScoreRow>(), tied: new Set<ScoreRow>(), warnings: [] };
  if (best === undefined) return { ok: true, value: none };
  const path = best.by.split('.').slice(2);
  const name = path.join('.');
  const summaries = rows.flatMap(({ trainings }) => trainings.map(({ summary }) => summary));
  if (summaries.length > 0 && summaries.every((summary) => memberAt(summary, path) === undefined))
    return {
      ok: false,
      error:
        `best is by ${best.by}, but no summary of a training has ${JSON.stringify(name)}: expected a ` +
        'number of the trainings, as train.summary.selection_loss',
    };
  const candidates = rows.flatMap((row) =>
    row.trainings.flatMap(({ axes, summary }): readonly Candidate[] => {
      const value = memberAt(summary, path);
      return summary.steps > 0 && typeof value === 'number' ? [{ axes, value, row }] : [];
    }),
  );
  const groups = bestWithin(candidates, best).map(groupOfRows);
  const isLoss = name === 'selection_loss' && best.goal === 'min';
  return {
    ok: true,
    value: {
      by: byText(best),
      best: new Set(groups.flatMap((group) => group.best)),
      tied: new Set(isLoss ? groups.flatMap(tiedIn) : []),
      warnings: groups.flatMap(incomparable),
    },
  };
}

/** What names lead to in a document; undefined where they lead nowhere. */
const memberAt = (summary: TrainingSummary, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined,
    summary,
  );

const byText = ({ by, goal, within = [] }: Best): string =>
  `${by}, the ${goal === 'min' ? 'smallest' : 'greatest'} of ` +
  `${within.length === 0 ? 'all' : `its ${within.join(' and ')}`}`;

/** A row has all seeds of a point, which are the best together. */
const groupOfRows = ({ members, best }: RankedGroup<Candidate>): RankedGroup<ScoreRow> => ({
  members: [...new Set(members.map(({ row }) => row))],
  best: [...new Set(best.map(({ row }) => row))],
});

const tiedIn = ({ members, best }: RankedGroup<ScoreRow>): readonly ScoreRow[] =>
  members.filter((row) => !best.includes(row) && best.some((first) => isTied(first, row)));

/**
 * Whether the 95 % interval of the paired difference of their rows' losses holds 0. Unknown without those
 * losses: no.
 */
function isTied(one: ScoreRow, other: ScoreRow): boolean {
  const [first, second] = [meanLosses(one), meanLosses(other)];
  const rows = [...first.keys()].filter((row) => second.has(row));
  if (rows.length === 0) return false;
  const [left, right] = [first, second].map((losses) => rows.map((row) => losses.get(row) ?? Number.NaN));
  return pairedComparison(left ?? [], right ?? [], { seed: 0 }).pValue >= 0.05;
}

/** Of each validation row, over the seeds. */
function meanLosses({ trainings }: ScoreRow): ReadonlyMap<number, number> {
  const known = trainings.filter(({ validation }) => validation.length > 0);
  const sums = new Map<number, number>();
  for (const { validation } of known) {
    const shares = lossShares(validation);
    validation.forEach(({ row }: ValidationRow, index) =>
      sums.set(row, (sums.get(row) ?? 0) + (shares[index] ?? Number.NaN) / known.length),
    );
  }
  return sums;
}

/**
 * Losses are comparable only between points with one base model, the same validation rows, the same prompt
 * and the same tokenizer.
 */
function incomparable({ members }: RankedGroup<ScoreRow>): readonly PointWarning[] {
  const datasets = [...new Set(members.map(({ dataset }) => dataset))].join(', ');
  const names = members.map(({ model }) => model).join(', ');
  const differing = (what: string, of: (row: ScoreRow) => readonly string[]): readonly PointWarning[] =>
    new Set(members.flatMap(of)).size > 1
      ? [
          {
            rows: new Set(members),
            text: `${datasets}: ${names} are ranked together, but differ in ${what}`,
          },
        ]
      : [];
  return [
    ...differing('their base model', ({ trainings }) => trainings.map(({ summary }) => summary.base_model)),
    ...differing('their validation rows, prompt or tokenizer', ({ trainings }) =>
      trainings.map(({ summary }) => summary.validation_digest),
    ),
  ];
}
