import { isJsonObject, type Json } from '../../files/json.ts';
import { metricNames, type Profile, textMetricNames } from './metric-table.ts';

/** A line of predictions.jsonl; undefined where one of its texts is missing. */
export function textsOf(
  value: Json,
): { readonly question: string; readonly prediction: string; readonly reference: string } | undefined {
  if (!isJsonObject(value)) return undefined;
  const { question, prediction, reference } = value;
  return typeof question === 'string' && typeof prediction === 'string' && typeof reference === 'string'
    ? { question, prediction, reference }
    : undefined;
}

/**
 * The scores of a line of predictions.jsonl as the evaluation counted them: of a profile, BERTScore, and the
 * share of right slots. Undefined where it holds none.
 */
export function countedScores(value: Json, profile: Profile): Readonly<Record<string, number>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const { scores, slots } = value;
  if (!isJsonObject(scores)) return undefined;
  const { [profile]: own, reference } = scores;
  if (!isJsonObject(own) || !isJsonObject(reference)) return undefined;
  const ofBert = numbersOf(reference, ['bertscore_f1']);
  const outcomes = isJsonObject(slots) ? Object.values(slots) : [];
  const right = outcomes.filter((outcome) => outcome === 'named').length;
  return {
    ...numbersOf(own, profile === 'reference' ? metricNames() : textMetricNames()),
    ...ofBert,
    ...(outcomes.length === 0 ? {} : { slots: right / outcomes.length }),
  };
}

/** Those of `names` whose values are numbers. */
export const numbersOf = (
  values: Readonly<Record<string, Json | number | undefined>>,
  names: readonly string[],
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = values[name];
      return typeof value === 'number' ? [[name, value] as const] : [];
    }),
  );
