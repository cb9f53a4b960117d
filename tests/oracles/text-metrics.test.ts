import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isExactMatch } from '../../src/ml/metrics/exact-match.ts';
import { mean } from '../../src/ml/metrics/mean.ts';
import { porterStem } from '../../src/ml/metrics/porter-stem.ts';
import { type RougeScores, rougeScores } from '../../src/ml/metrics/rouge.ts';
import { isSquadExactMatch, squadF1 } from '../../src/ml/metrics/squad.ts';
import { tokenScore, wordSetScore } from '../../src/ml/metrics/token-f1.ts';
import {
  type Tokenize,
  alphanumericTokens,
  characterTokens,
  stemmedTokenizer,
} from '../../src/ml/metrics/tokenize.ts';
import { pythonLower } from '../../src/ml/text/python-text.ts';
import { expectWithin, noteMeasured } from './within.ts';

const oracles = process.env['ORACLES'] ?? '../shared/oracles';
const folder = join(oracles, 'text-metrics');
const references = [
  join(oracles, '../reference'),
  join(process.env['SHARED'] ?? '../shared', 'reference'),
  folder,
];
const tolerance = 1e-12;

interface Pair {
  readonly reference: string;
  readonly prediction: string;
}
interface RougeRow {
  readonly stemmed: readonly number[];
  readonly plain: readonly number[];
}
interface WordRow {
  readonly set: readonly number[];
  readonly exact: number;
  readonly squad_f1: number;
  readonly squad_exact: number;
}
interface CharacterRow {
  readonly rouge: readonly number[];
  readonly f1: readonly number[];
}
interface Run {
  readonly predictions: string;
  readonly rows: number;
  readonly published: Readonly<Record<string, number>>;
  readonly recomputed: Readonly<Record<string, number>>;
  readonly rouge_means: RougeRow;
  readonly squad_f1: number;
  readonly squad_exact: number;
}
type CharacterTable = Readonly<Record<'characters' | 'mixed', CharacterRow>>;

describe('text metrics', () => {
  if (!existsSync(folder)) return test.skip(`no folder ${folder}`);
  const files = readdirSync(folder);
  const runs: Readonly<Record<string, Run>> = files.includes('corpus.json')
    ? JSON.parse(readFileSync(join(folder, 'corpus.json'), 'utf8')).runs
    : {};

  for (const [name, run] of Object.entries(runs)) {
    const predictions = find(run.predictions);
    describe.skipIf(predictions === undefined)(
      `${name}${predictions === undefined ? `: no ${run.predictions} in ${references.join(', ')}` : ''}`,
      () => {
        const pairs = predictions === undefined ? [] : readRows<Pair>(predictions);
        test.skipIf(!files.includes(`${name}.rouge.jsonl`))('ROUGE of each row and of the corpus', () => {
          const table = readRows<RougeRow>(join(folder, `${name}.rouge.jsonl`));
          for (const mode of ['stemmed', 'plain'] as const) {
            const ours = pairs.map((pair) => rougeNumbers(pair, tokenizers[mode]));
            expectWithin(
              worst(
                ours.flat(),
                table.flatMap((row) => row[mode]),
              ),
              tolerance,
              `rows: ${mode}`,
            );
            expectWithin(worst(columnMeans(ours), run.rouge_means[mode]), tolerance, `means: ${mode}`);
          }
        });
        test.skipIf(!files.includes(`${name}.f1.jsonl`))('token F1 and exact match of each row', () => {
          expect(pairs.map((pair, row) => ({ row, ...wordRow(pair) }))).toEqual(
            readRows<WordRow>(join(folder, `${name}.f1.jsonl`)),
          );
          noteMeasured({ compared: pairs.length, difference: 0, allowed: 0 });
        });
        test('the published numbers, to the last bit', () => {
          const words = pairs.map(wordRow);
          const rouge = pairs.map((pair) => rougeScores(pair.reference, pair.prediction, tokenizers.stemmed));
          expect(pairs).toHaveLength(run.rows);
          expect({
            f1: mean(words.map(({ set }) => set[2] ?? Number.NaN)),
            exact_match: mean(words.map(({ exact }) => exact)),
            rouge1: mean(rouge.map(({ rouge1 }) => rouge1.fmeasure)),
            rouge2: mean(rouge.map(({ rouge2 }) => rouge2.fmeasure)),
            rougeL: mean(rouge.map(({ rougeL }) => rougeL.fmeasure)),
          }).toEqual(run.recomputed);
          expect(mean(words.map((row) => row.squad_f1))).toBe(run.squad_f1);
          expect(mean(words.map((row) => row.squad_exact))).toBe(run.squad_exact);
        });
      },
    );
  }

  test.skipIf(!files.includes('adversarial.jsonl'))('adversarial pairs', () => {
    for (const row of readRows<Pair & RougeRow & WordRow & CharacterTable>(
      join(folder, 'adversarial.jsonl'),
    )) {
      const seen = JSON.stringify([row.reference, row.prediction]);
      for (const mode of ['stemmed', 'plain'] as const)
        expectWithin(
          worst(rougeNumbers(row, tokenizers[mode]), row[mode]),
          tolerance,
          `ROUGE: ${mode} ${seen}`,
        );
      const { set, exact, squad_f1, squad_exact } = row;
      expect(wordRow(row), seen).toEqual({ set, exact, squad_f1, squad_exact });
      expectCharacterScores(row, row);
    }
  });

  const chinese = find('huatuo_test.jsonl');
  test.skipIf(!files.includes('chinese.jsonl') || chinese === undefined)(
    'Chinese by characters and by ideographs and words',
    () => {
      const rows = readRows<{ assistant: string }>(chinese ?? '');
      for (const { row, prediction, ...table } of readRows<
        { row: number; prediction: string } & CharacterTable
      >(join(folder, 'chinese.jsonl'))) {
        expectCharacterScores({ reference: rows[row]?.assistant ?? '', prediction }, table);
      }
    },
  );

  test.skipIf(!files.includes('porter.tsv'))('Porter stems', () => {
    const table = readFileSync(join(folder, 'porter.tsv'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
    expect(table.map(([word]) => [word, porterStem(word ?? '')])).toEqual(table);
    noteMeasured({ compared: table.length, difference: 0, allowed: 0 });
  });
});

const tokenizers = {
  stemmed: stemmedTokenizer(),
  plain: alphanumericTokens,
  characters: characterTokens,
  mixed: tabledMixedTokens,
} as const;

function expectCharacterScores(pair: Pair, table: CharacterTable): void {
  for (const kind of ['characters', 'mixed'] as const) {
    const { precision, recall, fmeasure } = tokenScore(
      tokenizers[kind](pair.reference),
      tokenizers[kind](pair.prediction),
    );
    const seen = `${kind} ${JSON.stringify([pair.reference, pair.prediction])}`;
    expectWithin(worst(rougeNumbers(pair, tokenizers[kind]), table[kind].rouge), tolerance, `ROUGE: ${seen}`);
    expectWithin(worst([precision, recall, fmeasure], table[kind].f1), tolerance, `F1: ${seen}`);
  }
}

/** In the order of `corpus.json: rouge_order`. */
function rougeNumbers({ reference, prediction }: Pair, tokenize: Tokenize): readonly number[] {
  const scores: RougeScores = rougeScores(reference, prediction, tokenize);
  return [scores.rouge1, scores.rouge2, scores.rougeL, scores.rougeLsum].flatMap(
    ({ precision, recall, fmeasure }) => [precision, recall, fmeasure],
  );
}

function wordRow({ reference, prediction }: Pair): WordRow {
  const { precision, recall, fmeasure } = wordSetScore(reference, prediction);
  return {
    set: [precision, recall, fmeasure],
    exact: Number(isExactMatch(reference, prediction)),
    squad_f1: squadF1(reference, prediction),
    squad_exact: Number(isSquadExactMatch(reference, prediction)),
  };
}

const columnMeans = (rows: readonly (readonly number[])[]): readonly number[] =>
  (rows[0] ?? []).map((_, column) => mean(rows.map((row) => row[column] ?? Number.NaN)));

/** The greatest difference; NaN, which no tolerance takes, for lists of different lengths. */
const worst = (ours: readonly number[], theirs: readonly number[]): number =>
  ours.length === theirs.length
    ? ours.reduce(
        (greatest, value, index) => Math.max(greatest, Math.abs(value - (theirs[index] ?? Number.NaN))),
        0,
      )
    : Number.NaN;

const find = (name: string): string | undefined =>
  references.map((place) => join(place, name)).find((path) => existsSync(path));

/** Split at "\n" only: texts hold U+2028 and the like. */
const readRows = <Row>(path: string): Row[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** The tables' "mixed": each ideograph, and each run of a-z and 0-9 of the lower-cased text. */
function tabledMixedTokens(text: string): readonly string[] {
  const ideographOrRun = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2fa1f}]|[a-z0-9]+/gu;
  return pythonLower(text).match(ideographOrRun) ?? [];
}
