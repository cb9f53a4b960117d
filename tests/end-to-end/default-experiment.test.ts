import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { mixedTokens } from '../../src/ml/metrics/tokenize.ts';
import { multilingualProfile } from '../../src/ml/metrics/profile.ts';
import { guessedAnswers } from '../../stages/nano/floor.ts';
import { seededRandom } from '../../stages/nano/random.ts';
import type { Evaluation } from '../../stages/results/evaluation.ts';

const root = join(import.meta.dirname, '../..');
const artifacts = join(root, 'artifacts/medical-qa');

interface Summary {
  readonly ran: readonly string[];
  readonly 'up-to-date': readonly string[];
  readonly restored: readonly string[];
}

const run = (): Summary =>
  JSON.parse(
    execFileSync('npx', ['--no-install', 'pipeline', 'run', '--json'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );

const evaluationOf = (dataset: string, model: string): Evaluation =>
  JSON.parse(readFileSync(join(artifacts, 'eval', `${dataset},${model}`, 'metrics.json'), 'utf8'));

const rougeL = (dataset: string, model: string): number => evaluationOf(dataset, model).multilingual.rougeL;
const rightAnswers = (dataset: string, model: string): number =>
  evaluationOf(dataset, model).multilingual.exact_match;

describe('the default experiment', () => {
  beforeAll(() => {
    const { ran, 'up-to-date': upToDate, restored } = run();
    expect(ran.length + upToDate.length + restored.length).toBe(46);
  });

  test('a second run has nothing to do', () => {
    const { ran, restored, 'up-to-date': upToDate } = run();
    expect({ ran, restored, upToDate: upToDate.length }).toEqual({ ran: [], restored: [], upToDate: 46 });
  });

  // Two seeds differ by up to 0.07 where a model is half way, and by less than 0.01 where it is nearly right:
  // there ROUGE is near 1 for both methods, and the answers that are right in every word tell them apart.
  for (const dataset of ['aimc', 'huatuo']) {
    test(`${dataset}: untrained, LoRA, full and grid points are apart by more than noise`, () => {
      const grid = [1, 2, 3, 4].map((point) => rougeL(dataset, `gs_${point}`));
      expect(rougeL(dataset, 'base')).toBeLessThan(0.2);
      expect(rougeL(dataset, 'lora')).toBeGreaterThan(rougeL(dataset, 'base') + 0.4);
      expect(rightAnswers(dataset, 'full')).toBeGreaterThan(rightAnswers(dataset, 'lora') + 0.05);
      expect(rougeL(dataset, 'full')).toBeGreaterThan(0.95);
      expect(Math.max(...grid)).toBeGreaterThan(Math.min(...grid) + 0.15);
    });

    test(`${dataset}: LoRA knows more than the right template with random facts`, () => {
      const rows = readFileSync(join(artifacts, 'data-format', dataset, 'test.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const score = multilingualProfile(mixedTokens);
      const guesses = guessedAnswers(seededRandom(1), rows);
      const floor =
        guesses.reduce((sum, guess, index) => sum + score(rows[index].assistant, guess).rougeL, 0) /
        rows.length;
      expect(rougeL(dataset, 'lora')).toBeGreaterThan(floor + 0.07);
    });

    test(`${dataset}: facts are learnt, not only words: slot accuracy rises from base to LoRA to full`, () => {
      const [base, lora, full] = ['base', 'lora', 'full'].map((model) => {
        const values = Object.values(evaluationOf(dataset, model).slot_accuracy ?? {});
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      });
      expect(lora).toBeGreaterThan((base ?? 1) + 0.15);
      expect(full).toBeGreaterThan((lora ?? 1) + 0.02);
    });
  }

  test('the table, the files of the original and the page exist', () => {
    expect(readFileSync(join(artifacts, 'collate/collated_metrics.csv'), 'utf8')).toMatch(
      /^dataset,model_type,log_file,rouge1,rouge2,rougeL,f1,bertscore_f1,exact_match,profile,.*\naimc,base,,/,
    );
    expect(JSON.parse(readFileSync(join(artifacts, 'collate/collated_metrics.json'), 'utf8'))).toHaveLength(
      14,
    );
    expect(readFileSync(join(artifacts, 'report/report.html'), 'utf8')).toContain('not medical advice');
  });
});
