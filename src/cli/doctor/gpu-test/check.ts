import { isJsonList, isJsonObject, type Json, jsonIn } from '../../../files/json.ts';
import type { Finding } from '../finding.ts';

/** What a check of the machine found, with the numbers that it was judged by. */
export interface Check extends Finding {
  readonly figures: readonly Figure[];
}

export interface Figure {
  readonly name: string;
  /** null: not a finite number. */
  readonly value: number | null;
  /** The allowed maximum; null: the value is reported only. */
  readonly bound: number | null;
  readonly unit: Unit;
}

/**
 * `relative`: to the largest element, or to the number itself. `differences`: elements that are not equal.
 */
type Unit = 'relative' | 'differences' | 'ms' | 'bytes';

/** A check as a child process writes it: a line of JSON. */
export const checkLine = (check: Check): string => `${JSON.stringify(check)}\n`;

/** Parses such a line; undefined: it is something else, such as a library's output. */
export function parseCheck(line: string): Check | undefined {
  const json = jsonIn(line);
  if (!isJsonObject(json)) return undefined;
  const { part, state, message, help, figures } = json;
  if (typeof part !== 'string' || typeof message !== 'string' || !isState(state) || !isJsonList(figures))
    return undefined;
  return {
    part,
    state,
    message,
    ...(typeof help === 'string' ? { help } : {}),
    figures: figures.flatMap((figure) => parseFigure(figure) ?? []),
  };
}

function parseFigure(json: Json): Figure | undefined {
  if (!isJsonObject(json)) return undefined;
  const { name, value = null, bound = null, unit } = json;
  if (typeof name !== 'string' || !isUnit(unit)) return undefined;
  return { name, value: numberOrNull(value), bound: numberOrNull(bound), unit };
}

const numberOrNull = (json: Json): number | null => (typeof json === 'number' ? json : null);

const isState = (json: Json | undefined): json is Finding['state'] =>
  json === 'good' || json === 'warning' || json === 'broken';

const isUnit = (json: Json | undefined): json is Unit =>
  json === 'relative' || json === 'differences' || json === 'ms' || json === 'bytes';

/** A number that may be NaN or infinite. */
export const figure = (name: string, value: number, unit: Unit, bound: number | null = null): Figure => ({
  name,
  value: Number.isFinite(value) ? value : null,
  bound,
  unit,
});

/** Whether a figure is over its bound; a value that is not a number is. */
export const isOver = ({ value, bound }: Figure): boolean =>
  bound !== null && (value === null || value > bound);

/** Broken where a figure is over its bound, and then names each. */
export function judged(
  part: string,
  figures: readonly Figure[],
  { good, help }: { readonly good: string; readonly help: string },
): Check {
  const over = figures.filter(isOver);
  return over.length === 0
    ? { part, state: 'good', message: good, figures }
    : { part, state: 'broken', message: over.map(overText).join('; '), help, figures };
}

const overText = ({ name, value, bound, unit }: Figure): string =>
  `${name}: ${numberText(value)} ${unit === 'differences' ? 'differences' : 'off'}, ` +
  `at most ${numberText(bound)} allowed`;

/** Small and large numbers with two significant digits: "1.3e-7", "12". */
export const numberText = (value: number | null): string =>
  value === null
    ? 'not a number'
    : Number.isInteger(value) && value < 1e6
      ? String(value)
      : value.toExponential(1);
