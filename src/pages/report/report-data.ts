import type { Profile } from '../../ml/metrics/metric-table.ts';
import type { PagePath } from '../pages.ts';

/** The content of a report: all that its pages can request. */
export interface ReportData {
  readonly pages: readonly PagePath[];
  /** Shown on every page. */
  readonly notice: string;
  /** Whether a reader can be expected to have the project, in which the commands beside the views work. */
  readonly hasCommands: boolean;
  /** What the server would answer, by `answerKey`. */
  readonly answers: Readonly<Record<string, object>>;
  /** By the test rows that models answered: filters, orders and comparisons are computed from them. */
  readonly sets: readonly ReportSet[];
}

/** The answers to the rows of one test file. */
export interface ReportSet {
  readonly id: string;
  readonly rows: number;
  /** The rows whose texts the report holds: all, or the worst of each model. */
  readonly texts: readonly ReportTexts[];
  readonly models: readonly ReportModel[];
}

export interface ReportTexts {
  /** Its place in the test file, from 0. */
  readonly place: number;
  readonly question: string;
  readonly reference: string;
}

export interface ReportModel {
  readonly instance: string;
  readonly isCurrent: boolean;
  /** In the order of the texts. */
  readonly answers: readonly {
    readonly prediction: string;
    readonly slots: Readonly<Record<string, string>>;
  }[];
  /** Of every row, also of those without texts: comparisons are of all. Null: the row has no such score. */
  readonly scores: Readonly<Record<Profile, Readonly<Record<string, readonly (number | null)[]>>>>;
}

/** The element of the file that holds the data as JSON. */
export const reportElement = 'report';

/** The name of an answer in a report: its path, with the part of the query that identifies it. */
export function answerKey(path: string, query: URLSearchParams): string {
  const names = identifying[path] ?? [];
  const parameters = new URLSearchParams(
    names.map((name): [string, string] => [name, query.get(name) ?? '']),
  );
  return names.length === 0 ? path : `${path}?${parameters.toString()}`;
}

const identifying: Readonly<Record<string, readonly string[]>> = {
  '/api/run': ['run'],
  '/api/instance': ['name'],
  '/api/curve': ['name'],
  '/api/log': ['name', 'run', 'file'],
};
