/**
 * Prints the tables of docs/evaluation.md, in about two minutes. Run: npx esbuild bench/evaluation-tables.ts
 * --bundle --platform=node --format=esm | node --input-type=module
 */
import { exampleScores } from './example-scores.ts';
import { markdownTable } from './markdown-table.ts';
import { falseFindings, meanCoverage, proportionCoverage, scoreShapes } from './simulations.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const sizes = [5, 10, 20, 30, 50, 96, 300];
const proportions = sizes.map(proportionCoverage);
const shapes = scoreShapes.map((shape) => [
  shape.name,
  ...sizes.slice(1).map((rows) => percent(meanCoverage(shape, rows, { trials: 2000, resamples: 1000 }))),
]);
const findings = [2, 3, 5, 7].map((models) => [models, falseFindings(models, 96, 1000)] as const);

for (const table of [
  markdownTable(
    ['scores', ...sizes.map((rows) => `${rows} rows`)],
    [
      ['proportions, mean over p', ...proportions.map(({ mean }) => percent(mean))],
      ['proportions, worst p', ...proportions.map(({ least }) => percent(least))],
      ...shapes.map(([name = '', ...cells]) => [`means, ${name}`, '-', ...cells]),
    ],
  ),
  markdownTable(
    ['equal models', 'pairs', 'some p below 0.05', 'some Holm p below 0.05'],
    findings.map(([models, { raw, adjusted }]) => [
      String(models),
      String((models * (models - 1)) / 2),
      percent(raw),
      percent(adjusted),
    ]),
  ),
  markdownTable(
    ['reference', 'answer', 'score', '0.1.0', 'now'],
    exampleScores().map(({ reference, answer, score, before, now }) => [
      reference,
      answer,
      score,
      before,
      now,
    ]),
  ),
])
  process.stdout.write(`${table}\n`);
