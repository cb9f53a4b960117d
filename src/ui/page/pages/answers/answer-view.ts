import type { EvaluationSet } from '../../../../pages/result-answers.ts';

/** What the page shows of a set, and how, as its query says. */
export interface AnswerView {
  readonly models: ShownModels;
  readonly profile: string;
  readonly show: string;
  readonly slot: string;
  readonly find: string;
  readonly least: string;
  readonly most: string;
  readonly score: string;
  readonly sort: string;
  readonly page: number;
}

/** The models whose answers are shown, by instance. */
interface ShownModels {
  readonly a: string;
  /** 'none': there is no second one. */
  readonly b: string;
  /** A, and B if there is one. */
  readonly compared: readonly string[];
  /** Those beside A and B that could be shown, and those that are. */
  readonly others: readonly string[];
  readonly also: readonly string[];
}

/** The view that an address asks for, with defaults for the rest. */
export const viewOf = (query: URLSearchParams, set: EvaluationSet): AnswerView => ({
  models: shownModels(
    query,
    set.evaluations.map(({ instance }) => instance),
  ),
  profile: profileIn(query),
  show: query.get('show') ?? 'all',
  slot: query.get('slot') ?? '',
  find: query.get('find') ?? '',
  least: query.get('least') ?? '',
  most: query.get('most') ?? '',
  score: query.get('score') ?? (set.scores.includes('rougeL') ? 'rougeL' : (set.scores[0] ?? '')),
  sort: query.get('sort') ?? 'worst',
  page: Math.max(1, Number(query.get('page') ?? '1') || 1),
});

/** The models that a query names; where it names none, the first ones. */
export function shownModels(query: URLSearchParams, instances: readonly string[]): ShownModels {
  const named = (name: string, otherwise: string | undefined): string => {
    const requested = query.get(name);
    return requested === 'none' || (requested !== null && instances.includes(requested))
      ? requested
      : (otherwise ?? 'none');
  };
  const a = named('a', instances[0]);
  const b = named(
    'b',
    instances.find((instance) => instance !== a),
  );
  const compared = [a, b].filter((model) => model !== 'none');
  const others = instances.filter((instance) => !compared.includes(instance));
  const requested = query.getAll('also');
  const also = others.filter((instance, place) =>
    requested.length === 0 ? place + compared.length < mostAtFirst : requested.includes(instance),
  );
  return { a, b, compared, others, also };
}

/** Answers of so many models are shown before anybody chose. */
const mostAtFirst = 4;

export const profiles = ['multilingual', 'reference'] as const;

/** The profile that a query names; any other text means "multilingual". */
export const profileIn = (query: URLSearchParams): (typeof profiles)[number] =>
  profiles.find((profile) => profile === query.get('profile')) ?? 'multilingual';

/** So many rows are a page of them. */
export const rowsOfPage = 25;

/** The address of the rows of a view. */
export function addressOf({ models, page, ...rest }: AnswerView): string {
  const query = new URLSearchParams();
  for (const model of [...models.compared, ...models.also]) query.append('model', model);
  for (const [name, value] of Object.entries(rest)) if (value !== '') query.set(name, value);
  if (models.b === 'none') query.set('b', 'none');
  query.set('offset', String((page - 1) * rowsOfPage));
  query.set('limit', String(rowsOfPage));
  return `/api/answers?${query.toString()}`;
}
