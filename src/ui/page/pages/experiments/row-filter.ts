import type { ExperimentRow } from './experiment-rows.ts';

/** The rows that the query of the page asks for: not hidden, with the text and the labels that are chosen. */
export function filteredRows(
  rows: readonly ExperimentRow[],
  query: URLSearchParams,
): readonly ExperimentRow[] {
  const hidden = new Set(query.getAll('hide'));
  const text = (query.get('find') ?? '').toLowerCase();
  const labels = chosenLabels(query);
  return rows.filter((row) => !hidden.has(row.name) && rowText(row).includes(text) && hasLabels(row, labels));
}

/** The label that is chosen of each axis; "": all. */
export const chosenLabels = (query: URLSearchParams): Map<string, string> =>
  new Map(
    query.getAll('label').map((text) => {
      const [axis = '', ...label] = text.split('=');
      return [axis, label.join('=')] as const;
    }),
  );

const hasLabels = ({ models }: ExperimentRow, labels: ReadonlyMap<string, string>): boolean =>
  [...labels].every(([axis, label]) => label === '' || models[0]?.labels[axis] === label);

const rowText = ({ name, settings }: ExperimentRow): string =>
  `${name} ${Object.entries(settings)
    .map(([setting, value]) => `${setting}=${value}`)
    .join(' ')}`.toLowerCase();

/** Axes with few labels, so that a table can be of one data set alone. */
export function labelAxes(
  rows: readonly ExperimentRow[],
): readonly { readonly axis: string; readonly values: readonly string[] }[] {
  const axes = new Map<string, Set<string>>();
  for (const { models } of rows)
    for (const [axis, label] of Object.entries(models[0]?.labels ?? {}))
      axes.set(axis, (axes.get(axis) ?? new Set()).add(label));
  return [...axes].flatMap(([axis, values]) =>
    values.size > 1 && values.size <= rows.length / 2 && values.size <= 20
      ? [{ axis, values: [...values] }]
      : [],
  );
}
