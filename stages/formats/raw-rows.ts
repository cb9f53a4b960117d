import type { ExactJson } from '../../src/files/exact-json.ts';
import type { FileProblem } from '../../src/files/file-problem.ts';
import { type Row, type RowFault, shownValue } from '../../src/ml/dataset/row.ts';
import type { Result } from '../../src/result.ts';
import type { Unwanted } from './aimc.ts';
import type { Fault, RawItem, RawRecord } from './raw-record.ts';
import { type FormChoice, formOf } from './raw-forms.ts';

/**
 * How rows are made of records, and which of their fields are kept beside the row: names to labels, as
 * `groups: patient`.
 */
export interface RowChoice extends FormChoice {
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RawRows {
  readonly rows: readonly Row[];
  /** For each requested label, the text of its field in each row. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Rows and dropped records together. */
  readonly read: number;
  /** Records that are not among the rows, by reason. */
  readonly dropped: readonly Finding[];
  /** Harmless irregularities (a byte order mark, mixed line ends), by reason. */
  readonly repaired: readonly Finding[];
  /** The statistics of each file, in order. */
  readonly files: readonly ReadFile[];
  /** The number of exchanges after the first in conversations that did not become rows. */
  readonly laterExchanges: number;
}

export interface ReadFile {
  readonly path: string;
  /** How its bytes were read: "CSV separated by semicolons, UTF-16". */
  readonly encoding: string;
  /** The forms of its records, in the order in which they were met. */
  readonly forms: readonly string[];
  readonly rows: number;
}

/** How often something was found, with the first five places. */
export interface Finding {
  readonly reason: string;
  readonly count: number;
  readonly examples: readonly FileProblem[];
}

export interface OpenedFile {
  readonly path: string;
  readonly encoding: string;
  readonly items: Iterable<RawItem>;
}

/** The rows of all files in order, the findings on the way, and the position of every irregularity. */
export function gatherRows(
  files: Iterable<OpenedFile>,
  choice: RowChoice,
): RawRows & { readonly unclean: readonly FileProblem[] } {
  const rows: Row[] = [];
  const labels = new Map(Object.keys(choice.labels ?? {}).map((label) => [label, [] as string[]]));
  const found: Found[] = [];
  const readFiles: ReadFile[] = [];
  let laterExchanges = 0;
  for (const { path, encoding, items } of files) {
    const before = rows.length;
    const forms = new Set<string>();
    for (const item of items) {
      const outcome = outcomeOf(item, choice);
      if (outcome.form !== undefined) forms.add(outcome.form);
      laterExchanges += outcome.laterExchanges ?? 0;
      for (const row of outcome.rows ?? []) {
        rows.push(row);
        for (const [label, texts] of labels) texts.push(outcome.labels?.[label] ?? '');
      }
      for (const { kind, reason, detail } of outcome.found ?? [])
        found.push({ kind, reason, place: { path, line: item.line, message: `${reason}: ${detail}` } });
    }
    readFiles.push({ path, encoding, forms: [...forms], rows: rows.length - before });
  }
  const dropped = found.filter(({ kind }) => kind !== 'repaired');
  return {
    rows,
    labels: Object.fromEntries(labels),
    read: rows.length + dropped.length,
    dropped: byReason(dropped),
    repaired: byReason(found.filter(({ kind }) => kind === 'repaired')),
    files: readFiles,
    laterExchanges,
    unclean: found.filter(({ kind }) => kind !== 'unwanted').map(({ place }) => place),
  };
}

interface Found {
  readonly kind: 'bad' | 'repaired' | 'unwanted';
  readonly reason: string;
  readonly place: FileProblem;
}

interface Outcome {
  readonly form?: string;
  readonly rows?: readonly Row[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly found?: readonly {
    readonly kind: Found['kind'];
    readonly reason: string;
    readonly detail: string;
  }[];
  readonly laterExchanges?: number;
}

function outcomeOf(item: RawItem, choice: RowChoice): Outcome {
  if (item.kind !== 'record') return { found: [item] };
  const form = formOf(choice, Object.keys(item.values));
  if (!form.ok) return { found: [{ kind: 'bad', ...form.error }] };
  const { name, needed, optional } = form.value;
  const unreadable = [...needed, ...optional].map((column) => item.unreadable?.get(column));
  const first = unreadable.find((fault) => fault !== undefined);
  if (first !== undefined) return { form: name, found: [{ kind: 'bad', ...first }] };
  const labels = labelsOf(item, choice);
  if (!labels.ok) return { form: name, found: [labels.error] };
  const { rows, laterExchanges } = form.value.rowsOf(item.values);
  return {
    form: name,
    rows: rows.flatMap((row) => (row.ok ? [row.value] : [])),
    labels: labels.value,
    found: rows.flatMap((row) => (row.ok ? [] : [lossOf(row.error)])),
    laterExchanges,
  };
}

const lossOf = (error: RowFault | Unwanted): NonNullable<Outcome['found']>[number] =>
  'detail' in error
    ? { kind: 'bad', ...error }
    : { kind: 'unwanted', reason: error.reason, detail: 'left out by the filters of the format' };

/** The texts of the additional fields: numbers and booleans as their source text. */
function labelsOf(
  { values, unreadable }: RawRecord,
  { labels = {} }: RowChoice,
): Result<Readonly<Record<string, string>>, Fault> {
  const texts: Record<string, string> = {};
  for (const [label, field] of Object.entries(labels)) {
    const fault = unreadable?.get(field);
    if (fault !== undefined) return { ok: false, error: { kind: 'bad', ...fault } };
    const value: ExactJson | undefined = Object.hasOwn(values, field) ? values[field] : undefined;
    if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean')
      texts[label] = String(value);
    else if (typeof value === 'number' && Number.isFinite(value)) texts[label] = String(value);
    else return { ok: false, error: noLabel(field, value) };
  }
  return { ok: true, value: texts };
}

const noLabel = (field: string, value: Exclude<ExactJson, string> | undefined): Fault => ({
  kind: 'bad',
  reason: 'wrong columns',
  detail:
    `expected the field "${field}" (named in the params) to be a text or a number; found ` +
    `${value === undefined ? 'none' : shownValue(value)}`,
});

/** In the order in which the reasons were first met. */
function byReason(found: readonly Found[]): readonly Finding[] {
  const places = new Map<string, FileProblem[]>();
  for (const { reason, place } of found) {
    const list = places.get(reason);
    if (list === undefined) places.set(reason, [place]);
    else list.push(place);
  }
  return [...places].map(([reason, list]) => ({ reason, count: list.length, examples: list.slice(0, 5) }));
}

/** The columns of a table that its rows are made of, labels included. */
export function columnsOf(choice: RowChoice, names: readonly string[]): Result<readonly string[], RowFault> {
  const form = formOf(choice, names);
  if (!form.ok) return form;
  const wanted = [...form.value.needed, ...form.value.optional, ...Object.values(choice.labels ?? {})];
  return { ok: true, value: [...new Set(names.filter((name) => wanted.includes(name)))] };
}
