import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readJsonLines } from '../../src/files/json-lines.ts';
import { isJsonObject } from '../../src/files/json.ts';
import { bertScores, type TextPair } from '../../src/ml/evaluate/bert-score.ts';
import type { BertScore } from '../../src/ml/evaluate/greedy-matching.ts';
import { openSentenceEncoder } from '../../src/ml/evaluate/open-sentence-encoder.ts';
import { expectWithin } from './within.ts';
import { oracleRuntime } from './oracle-runtime.ts';

const folder = join(process.env['ORACLES'] ?? '../shared/oracles', 'bertscore');
const models = existsSync(folder)
  ? readdirSync(folder)
      .flatMap((name) => (name.endsWith('.pairs.jsonl') ? [name.slice(0, -'.pairs.jsonl'.length)] : []))
      .filter((model) => existsSync(join(folder, `${model}.scores.json`)) && existsSync(join(folder, model)))
  : [];

interface Setting {
  readonly num_layers: number;
  readonly idf: boolean;
  /** The file of baselines, or none. */
  readonly baseline?: string | null;
  /** null: not a number, since no token of that side has a weight. */
  readonly P: readonly (number | null)[];
  readonly R: readonly (number | null)[];
  readonly F1: readonly (number | null)[];
}

interface HiddenStates {
  readonly text: string;
  readonly ids: readonly number[];
  /** By layer and token; layer 0 is the embeddings. */
  readonly hidden_states: readonly (readonly (readonly number[])[])[];
}

describe.skipIf(models.length === 0)('BERTScore equals bert_score', () => {
  for (const model of models)
    describe(model, async () => {
      const pairs = await pairsOf(join(folder, `${model}.pairs.jsonl`));
      const settings: readonly Setting[] = JSON.parse(
        await readFile(join(folder, `${model}.scores.json`), 'utf8'),
      );
      const runtime = await oracleRuntime();

      for (const [index, setting] of settings.entries()) {
        const lacksBaseline =
          typeof setting.baseline === 'string' && !existsSync(join(folder, setting.baseline));
        test.skipIf(lacksBaseline)(
          `setting ${index}: layer ${setting.num_layers}, ${setting.idf ? 'idf' : 'no idf'}, ${setting.baseline ?? 'no baseline'}`,
          async () => {
            const encoder = await openSentenceEncoder(join(folder, model), runtime, {
              layer: setting.num_layers,
              name: model,
              tokenization: 'transformers',
            });
            if (!encoder.ok) throw new Error(encoder.error);
            const baseline = await baselineOf(setting);
            // What pads a text is the longest one of its batch: the tables are made with batch_size=32, those
            // of a baseline with bert_score's own.
            const scores = await bertScores(pairs, encoder.value, runtime, {
              idf: setting.idf,
              baseline,
              batch: baseline === null ? 32 : 64,
            });
            expectWithin(
              worst(
                scores.map(({ precision }) => precision),
                setting.P,
              ),
              1e-5 * stretch(baseline?.precision),
              'precision',
            );
            expectWithin(
              worst(
                scores.map(({ recall }) => recall),
                setting.R,
              ),
              1e-5 * stretch(baseline?.recall),
              'recall',
            );
            const conditions = scores.map(({ precision, recall }) =>
              conditionOfF1(unscaled(precision, baseline?.precision), unscaled(recall, baseline?.recall)),
            );
            expectWithin(
              worst(
                scores.map(({ f1 }) => f1),
                setting.F1,
                conditions,
              ),
              1e-5 * stretch(baseline?.f1),
              'F1',
            );
          },
        );
      }

      test.skipIf(!existsSync(join(folder, `${model}.hidden-states.json`)))(
        'tokens and hidden states of every layer',
        async () => {
          const sentences: readonly HiddenStates[] = JSON.parse(
            await readFile(join(folder, `${model}.hidden-states.json`), 'utf8'),
          );
          expect(sentences.length).toBeGreaterThan(0);
          const layers = (sentences[0]?.hidden_states ?? []).length;
          for (let layer = 0; layer < layers; layer += 1) {
            const encoder = await openSentenceEncoder(join(folder, model), runtime, {
              layer,
              name: model,
              tokenization: 'transformers',
            });
            if (!encoder.ok) throw new Error(encoder.error);
            const states = await encoder.value.embed(sentences.map(({ ids }) => ids));
            sentences.forEach((sentence, index) => {
              expect(encoder.value.tokenize(sentence.text)).toEqual(sentence.ids);
              expectWithin(
                worst(Array.from(states[index] ?? []), (sentence.hidden_states[layer] ?? []).flat()),
                1e-4,
                'hidden states',
              );
            });
          }
        },
      );
    });
});

async function baselineOf({ baseline, num_layers: layer }: Setting): Promise<BertScore | null> {
  if (baseline === undefined || baseline === null) return null;
  const lines = (await readFile(join(folder, baseline), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  const [, precision = 0, recall = 0, f1 = 0] = lines.find(([number]) => number === layer) ?? [];
  return { precision, recall, f1 };
}

async function pairsOf(path: string): Promise<readonly TextPair[]> {
  const pairs: TextPair[] = [];
  for await (const line of readJsonLines(path)) {
    if (!line.ok || !isJsonObject(line.value.value)) throw new Error(`${path} holds no pair`);
    const { candidate, reference } = line.value.value;
    pairs.push({ candidate: String(candidate), reference: String(reference) });
  }
  return pairs;
}

/** How much further apart rescaling by a baseline puts two scores. */
const stretch = (baseline = 0): number => 1 / (1 - baseline);

const unscaled = (score: number, baseline = 0): number => score * (1 - baseline) + baseline;

/**
 * How much further apart two F1 may be than the precision and recall that they are of: not at all where these
 * are alike, and without a limit where they cancel (similarities may be negative).
 */
function conditionOfF1(precision: number, recall: number): number {
  const condition = (2 * (precision ** 2 + recall ** 2)) / (precision + recall) ** 2;
  return condition > 1 ? condition : 1;
}

/**
 * The largest difference, each divided by what it may be longer by; a number that is missing, or is one on
 * one side only, is infinitely far.
 */
function worst(
  ours: readonly number[],
  theirs: readonly (number | null)[],
  conditions: readonly number[] = [],
): number {
  if (ours.length !== theirs.length) return Infinity;
  const distance = (value: number, index: number): number => {
    const expected = theirs[index];
    if (expected === null || expected === undefined) return Number.isNaN(value) ? 0 : Infinity;
    return Number.isNaN(value) ? Infinity : Math.abs(value - expected) / (conditions[index] ?? 1);
  };
  return ours.reduce((most, value, index) => Math.max(most, distance(value, index)), 0);
}
