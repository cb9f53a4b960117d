import type { Profile } from '../../ml/metrics/metric-table.ts';

/** Which rows of which models, in which order. */
export interface AnswerRequest {
  /** Instances; the first is A, the second B if `hasB` is set, and the others are shown beside them. */
  readonly models: readonly string[];
  readonly hasB: boolean;
  readonly profile: Profile;
  /** `wrong`: A's answer is not the reference; `differ`: A and B do not answer the same. */
  readonly show: 'all' | 'wrong' | 'differ';
  /** Only rows whose slot A does not name right; empty: all. */
  readonly slot: string;
  /** A text that the row holds somewhere. */
  readonly find: string;
  /** Characters of the reference. */
  readonly least: number;
  readonly most: number;
  readonly score: string;
  readonly sort: 'row' | 'worst' | 'best' | 'difference' | 'length';
  readonly offset: number;
  readonly limit: number;
  /** This row alone, with its whole texts. */
  readonly row: number | undefined;
}

const mostAnswers = 200;

/** The query of /api/answers; a value that cannot be parsed is ignored. */
export function answerRequest(query: URLSearchParams): AnswerRequest {
  const named = <T extends string>(name: string, known: readonly T[], otherwise: T): T =>
    known.find((each) => each === query.get(name)) ?? otherwise;
  return {
    models: query.getAll('model'),
    hasB: query.get('b') !== 'none',
    profile: profileIn(query),
    show: named('show', ['all', 'wrong', 'differ'], 'all'),
    slot: query.get('slot') ?? '',
    find: query.get('find') ?? '',
    least: countIn(query, 'least', 0),
    most: countIn(query, 'most', Number.MAX_SAFE_INTEGER),
    score: query.get('score') ?? '',
    sort: named('sort', ['row', 'worst', 'best', 'difference', 'length'], 'worst'),
    offset: countIn(query, 'offset', 0),
    limit: Math.min(mostAnswers, countIn(query, 'limit', 50)),
    row: query.has('row') ? countIn(query, 'row', 0) : undefined,
  };
}

/** The profile that a query names; any other text means "multilingual". */
export const profileIn = (query: URLSearchParams): Profile =>
  query.get('profile') === 'reference' ? 'reference' : 'multilingual';

/** A whole number from 0 on; anything else is ignored. */
export const countIn = (query: URLSearchParams, name: string, otherwise: number): number => {
  const text = query.get(name) ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : otherwise;
};
