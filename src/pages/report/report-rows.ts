import { jsonText } from '../../files/json-text.ts';
import type { Profile } from '../../ml/metrics/metric-table.ts';
import type { EvaluatedRow, NamedEvaluation } from '../results/evaluation.ts';
import type { ReportModel, ReportSet, ReportTexts } from './report-data.ts';

/** The evaluations of all models, with the scores of either profile. */
export type EvaluationsByProfile = Readonly<Record<Profile, readonly NamedEvaluation[]>>;

interface ReportRows {
  readonly sets: readonly ReportSet[];
  /** The texts of so many answers of each model, the worst, are held; undefined: of all. */
  readonly worst: number | undefined;
}

/** At least so many answers of each model are kept, however large that is. */
const leastKept = 10;

/**
 * The answers, in at most this many bytes of JSON: if all are more, the texts of the worst n of each model,
 * together with the other models' answers to the same rows. Scores of all rows are kept.
 */
export function reportRows(evaluations: EvaluationsByProfile, mostBytes: number): ReportRows {
  const groups = [...groupedBySet(evaluations.multilingual)].map(([id, members]): Group => ({
    id,
    members,
    ranks: bestRanks(members),
    reference: new Map(evaluations.reference.map(({ instance, evaluation }) => [instance, evaluation.rows])),
  }));
  const longest = Math.max(0, ...groups.map(({ members }) => members[0]?.evaluation.rows.length ?? 0));
  const kept = (worst: number): readonly ReportSet[] => groups.map((group) => reportSet(group, worst));
  const sized = groups.map((group) => ({ ranks: group.ranks, sizes: rowSizes(group) }));
  const scoreBytes = jsonText(kept(0)).length;
  const bytes = (worst: number): number =>
    sized.reduce(
      (sum, { sizes, ranks }) =>
        sum + sizes.reduce((all, size, place) => all + ((ranks[place] ?? 0) < worst ? size : 0), 0),
      scoreBytes,
    );
  if (bytes(longest) <= mostBytes) return { sets: kept(longest), worst: undefined };
  let [least, most] = [Math.min(leastKept, longest), longest];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (bytes(middle) <= mostBytes) least = middle;
    else most = middle - 1;
  }
  return { sets: kept(least), worst: least < longest ? least : undefined };
}

interface Group {
  readonly id: string;
  readonly members: readonly NamedEvaluation[];
  /** Of each row: its rank among the worst of the model that did worst with it. */
  readonly ranks: readonly number[];
  /** By instance, with the scores of the other profile. */
  readonly reference: ReadonlyMap<string, readonly EvaluatedRow[]>;
}

function groupedBySet(evaluations: readonly NamedEvaluation[]): ReadonlyMap<string, NamedEvaluation[]> {
  const groups = new Map<string, NamedEvaluation[]>();
  for (const each of evaluations) {
    const known = groups.get(each.evaluation.set) ?? [];
    groups.set(each.evaluation.set, known);
    known.push(each);
  }
  return groups;
}

/** Of each row: the bytes of its texts. */
function rowSizes({ members }: Group): readonly number[] {
  const rows = members[0]?.evaluation.rows ?? [];
  return rows.map(({ question, reference }, place) =>
    members.reduce((sum, { evaluation }) => {
      const { prediction = '', slots = {} } = evaluation.rows[place] ?? {};
      return sum + bytesOf({ prediction, slots });
    }, bytesOf({ place, question, reference })),
  );
}

/** As UTF-8, with the comma behind it. */
const bytesOf = (value: object): number => Buffer.byteLength(jsonText(value)) + 1;

function bestRanks(members: readonly NamedEvaluation[]): readonly number[] {
  const ranks = Array.from(members[0]?.evaluation.rows ?? [], () => Infinity);
  for (const { evaluation } of members) {
    const names = Object.keys(evaluation.rows[0]?.scores ?? {});
    const by = names.includes('rougeL') ? 'rougeL' : (names[0] ?? '');
    const scoreOf = (place: number): number => evaluation.rows[place]?.scores[by] ?? 0;
    evaluation.rows
      .map((_, place) => place)
      .sort((a, b) => scoreOf(a) - scoreOf(b) || a - b)
      .forEach((place, rank) => (ranks[place] = Math.min(ranks[place] ?? rank, rank)));
  }
  return ranks;
}

function reportSet({ id, members, ranks, reference }: Group, worst: number): ReportSet {
  const rows = members[0]?.evaluation.rows ?? [];
  const places = rows.map((_, place) => place).filter((place) => (ranks[place] ?? 0) < worst);
  return {
    id,
    rows: rows.length,
    texts: places.map((place): ReportTexts => {
      const { question = '', reference: text = '' } = rows[place] ?? {};
      return { place, question, reference: text };
    }),
    models: members.map(({ instance, isCurrent, evaluation }): ReportModel => ({
      instance,
      isCurrent,
      answers: places.map((place) => {
        const { prediction = '', slots = {} } = evaluation.rows[place] ?? {};
        return { prediction, slots };
      }),
      scores: {
        multilingual: scoresOf(evaluation.rows),
        reference: scoresOf(reference.get(instance) ?? []),
      },
    })),
  };
}

/** By score, of all rows. */
function scoresOf(rows: readonly EvaluatedRow[]): Readonly<Record<string, readonly (number | null)[]>> {
  const names = new Set(rows.flatMap(({ scores }) => Object.keys(scores)));
  return Object.fromEntries(
    [...names].map((name) => [name, rows.map(({ scores }) => scores[name] ?? null)] as const),
  );
}
