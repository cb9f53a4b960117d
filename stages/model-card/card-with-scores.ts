import type { RowScore } from '../../src/ml/metrics/over-seeds.ts';
import type { Result } from '../../src/result.ts';
import type { Evaluation } from '../results/evaluation.ts';
import { scoreRows } from '../results/score-row.ts';
import { scores } from '../results/scores.ts';
import { noScores } from '../train/model-card.ts';

export interface PublishedScores {
  /** Of the published model. */
  readonly name: string;
  /** A description of the test data, for people. */
  readonly dataset: string;
  readonly evaluation: Evaluation;
}

/** The card of a training with scores: a table, and the hub's `model-index` of them in the front matter. */
export function cardWithScores(card: string, published: PublishedScores): Result<string> {
  const [start, section] = ['---\n', `\n## Scores\n\n${noScores}\n`];
  if (!card.startsWith(start) || !card.includes(section))
    return { ok: false, error: 'is no card that train wrote: it has no front matter, or scores already' };
  const found = shownScores(published.evaluation);
  const body = card.slice(start.length).replace(section, () => scoreSection(published, found));
  return {
    ok: true,
    value: start + modelIndex(published, found) + body,
  };
}

interface ShownScore {
  readonly title: string;
  readonly score: RowScore;
}

/** As in the table that a run ends with. */
function shownScores(evaluation: Evaluation): readonly ShownScore[] {
  const [row] = scoreRows([{ axes: {}, content: evaluation }], []);
  if (row === undefined) return [];
  return scores().flatMap(({ title, shown, of }) => {
    const score = of(row);
    return shown && score !== undefined ? [{ title, score }] : [];
  });
}

/** Texts are JSON, which YAML reads too. */
function modelIndex({ name, dataset }: PublishedScores, found: readonly ShownScore[]): string {
  const metrics = found.flatMap(({ title, score }) => [
    `    - type: ${JSON.stringify(title.toLowerCase())}`,
    `      value: ${score.value}`,
    `      name: ${JSON.stringify(title)}`,
  ]);
  return [
    'model-index:',
    `- name: ${JSON.stringify(name)}`,
    '  results:',
    '  - task:',
    '      type: question-answering',
    '    dataset:',
    `      name: ${JSON.stringify(dataset)}`,
    `      type: ${JSON.stringify(dataset)}`,
    '    metrics:',
    ...metrics,
    '',
  ].join('\n');
}

const scoreSection = (
  { dataset, evaluation: { num_samples: rows, bertscore_model: encoder } }: PublishedScores,
  found: readonly ShownScore[],
): string => `
## Scores

Scores of the answers to ${rows} questions of ${dataset}, by beam search, in the multilingual
profile. They measure how similar the answers are to the reference answers, not whether they are right.

| score | value | bounds | method |
| --- | ---: | --- | --- |
${found.map(scoreLine).join('')}
BERTScore is by ${encoder}.
`;

const scoreLine = ({ title, score }: ShownScore): string =>
  `| ${title} | ${score.value.toFixed(3)} | ${boundsText(score)} | ${score.method ?? '-'} |\n`;

const boundsText = ({ interval }: RowScore): string =>
  interval === undefined ? '-' : interval.map((bound) => bound.toFixed(3)).join(' to ');
