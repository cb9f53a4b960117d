import { duplicatesOf } from '../../src/ml/dataset/leakage.ts';
import type { Row } from '../../src/ml/dataset/row.ts';
import { wordsOf } from '../../src/ml/text/words.ts';
import type { RawData } from '../formats/read-raw.ts';
import { type Leaks, leaksText, methodText } from './leak-report.ts';

export interface CardContent {
  readonly name: string;
  readonly raw: RawData;
  readonly nameOf: (path: string) => string;
  readonly train: readonly Row[];
  readonly test: readonly Row[];
  readonly leaks: Leaks;
  readonly foldedChinese: boolean;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * A description of a prepared data set in Markdown: counts, lengths, languages, what was dropped, what occurs
 * twice.
 */
export async function dataCard(content: CardContent): Promise<string> {
  const { franc } = await import('franc-min');
  const { name, raw, train, test, params } = content;
  const parts = [
    { part: 'train', rows: train },
    { part: 'test', rows: test },
  ];
  return [
    `# Data card: ${name}`,
    '',
    `${raw.read} records were read, ${raw.rows.length} are rows: ${train.length} for training, ` +
      `${test.length} for testing.`,
    `Params: \`${JSON.stringify(params)}\`.`,
    '',
    '## Files',
    '',
    table(
      ['file', 'read as', 'form', 'rows'],
      raw.files.map(({ path, encoding, forms, rows }) => [
        content.nameOf(path),
        encoding,
        forms.join(', '),
        rows,
      ]),
    ),
    '',
    ...raw.notRead.map(
      ({ path, reason }) =>
        `- not read: ${content.nameOf(path)} ${reason.replaceAll(path, content.nameOf(path))}`,
    ),
    ...(raw.notRead.length > 0 ? [''] : []),
    '## Lengths',
    '',
    'Words are runs of letters and digits; a character of Chinese, Japanese, Thai and the like is a word.',
    '',
    table(
      ['', '', 'least', 'median', 'mean', '95 %', 'most'],
      parts.flatMap(({ part, rows }) =>
        (['human', 'assistant'] as const).map((turn) => [
          part,
          `words of ${turn === 'human' ? 'questions' : 'answers'}`,
          ...lengthCells(rows.map((row) => wordsOf(row[turn]).length)),
        ]),
      ),
    ),
    '',
    '## Languages',
    '',
    'Estimated for each row from its trigrams (franc-min); texts ' +
      'of fewer than 20 characters are not estimated.',
    '',
    table(
      ['language', ...parts.map(({ part }) => part)],
      languageRows(
        parts.map(({ rows }) => rows),
        (text) => franc(text, { minLength: 20 }),
      ),
    ),
    '',
    '## Dropped and repaired',
    '',
    raw.dropped.length + raw.repaired.length === 0
      ? 'Nothing.'
      : table(
          ['', 'reason', 'count'],
          [
            ...raw.dropped.map(({ reason, count }) => ['dropped', reason, count]),
            ...raw.repaired.map(({ reason, count }) => ['repaired', reason, count]),
          ],
        ),
    ...(raw.laterExchanges > 0
      ? [
          '',
          `${raw.laterExchanges} questions and answers after the first of their conversations are no rows.`,
        ]
      : []),
    '',
    '## Duplicates and leaks',
    '',
    `Compared by ${methodText(content.foldedChinese)}.`,
    '',
    ...duplicateLines(content),
    '',
  ].join('\n');
}

function duplicateLines({ train, test, leaks }: CardContent): readonly string[] {
  const inTrain = duplicatesOf(train, undefined, { near: false });
  const inBoth = leaksText(leaks.test, test.length, 'test', 'are also in the training rows');
  const repeated = leaksText(leaks.withinTest, test.length, 'test', 'repeat an earlier test row');
  return [
    `- ${inTrain.length} of ${train.length} training rows repeat the words or the question of an earlier one`,
    `- ${inBoth ?? 'no test row is in the training rows'}`,
    `- ${repeated ?? 'no test row repeats another'}`,
  ];
}

type Cell = string | number;

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Least, median, mean, 95th percentile (nearest rank), most. */
function lengthCells(lengths: readonly number[]): readonly Cell[] {
  const sorted = lengths.toSorted((a, b) => a - b);
  if (sorted.length === 0) return ['', '', '', '', ''];
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const mean = sorted.reduce((sum, length) => sum + length, 0) / sorted.length;
  return [rank(0), rank(0.5), mean.toFixed(1), rank(0.95), rank(1)];
}

/** The share of each language in each part, the commonest first; below one in a hundred they are one line. */
function languageRows(
  parts: readonly (readonly Row[])[],
  codeOf: (text: string) => string,
): readonly (readonly Cell[])[] {
  const counts = parts.map((rows) => {
    const found = new Map<string, number>();
    for (const { human, assistant } of rows) {
      const language = languageName(codeOf(`${human}\n${assistant}`));
      found.set(language, (found.get(language) ?? 0) + 1);
    }
    return found;
  });
  const total = (language: string): number => counts.reduce((sum, of) => sum + (of.get(language) ?? 0), 0);
  const all = parts.reduce((sum, rows) => sum + rows.length, 0);
  const languages = [...new Set(counts.flatMap((of) => [...of.keys()]))].toSorted(
    (a, b) => total(b) - total(a) || (a < b ? -1 : 1),
  );
  const common = languages.filter((language) => total(language) >= all / 100);
  const share = (count: number, part: number): string =>
    `${((100 * count) / Math.max(1, parts[part]?.length ?? 0)).toFixed(1)} %`;
  const rest = counts.map((of) =>
    [...of].reduce((sum, [language, count]) => sum + (common.includes(language) ? 0 : count), 0),
  );
  return [
    ...common.map((language) => [language, ...counts.map((of, part) => share(of.get(language) ?? 0, part))]),
    ...(rest.some((count) => count > 0) ? [['others', ...rest.map(share)]] : []),
  ];
}

/** The English name of a language, by its ISO 639-3 code. */
const languageName = (code: string): string =>
  code === 'und'
    ? 'not estimated'
    : `${new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code} (${code})`;
