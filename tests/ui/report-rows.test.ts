import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jsonText } from '../../src/files/json-text.ts';
import { reportDocument } from '../../src/pages/report/report-document.ts';
import { evaluationsIn } from '../../src/pages/report/report-evaluations.ts';
import { reportRows } from '../../src/pages/report/report-rows.ts';
import { thinnedCurve } from '../../src/pages/report/thinned-curve.ts';
import { answerRequest } from '../../src/pages/results/answer-request.ts';
import { answerRows } from '../../src/pages/results/answer-rows.ts';
import { compareAnswers } from '../../src/pages/results/compare-answers.ts';
import type { NamedEvaluation } from '../../src/pages/results/evaluation.ts';
import { createRig } from '../rig/rig.ts';

/** A model that is right more often, the later the row. */
const evaluation = (instance: string, rows: number, scoreOf: (row: number) => number): NamedEvaluation => ({
  instance,
  isCurrent: true,
  evaluation: {
    set: 'one',
    rows: Array.from({ length: rows }, (_, row) => ({
      question: `question ${row}`,
      reference: `reference ${row}`,
      prediction: `${instance} says ${'word '.repeat(100)}`,
      scores: { rougeL: scoreOf(row) },
      slots: { drug: 'named' },
      identity: `${row}`,
    })),
  },
});

const multilingual = [evaluation('a', 200, (row) => row / 200), evaluation('b', 200, (row) => 1 - row / 200)];
const evaluations = { multilingual, reference: multilingual };
const request = (query: string) => answerRequest(new URLSearchParams(query));

describe('the answers in a report', () => {
  test('are those of the evaluations, where they fit', () => {
    const { sets, worst } = reportRows(evaluations, 1e9);
    const held = evaluationsIn(sets, 'multilingual');
    const query = request('model=a&model=b&sort=difference&score=rougeL&limit=5');
    const both = (all: readonly NamedEvaluation[]) => all.map((each) => each.evaluation);
    expect(worst).toBeUndefined();
    expect(answerRows(both(held), query)).toEqual(answerRows(both(multilingual), query));
    expect(compareAnswers('a', 'b', both(held))).toEqual(compareAnswers('a', 'b', both(multilingual)));
  });

  test('are limited by size: the worst of each model stay, and the scores of all', () => {
    const most = 60_000;
    const { sets, worst = 0 } = reportRows(evaluations, most);
    expect(Buffer.byteLength(jsonText(sets))).toBeLessThan(most * 1.01);
    expect(worst).toBeGreaterThan(10);
    const held = evaluationsIn(sets, 'multilingual').map((each) => each.evaluation);
    const shown = answerRows(held, request('model=a&model=b&sort=row&score=rougeL&limit=200'));
    // The first rows are the worst of the one, the last ones of the other.
    expect(shown.rows.map(({ row }) => row)).toEqual([
      ...Array.from({ length: worst }, (_, index) => index + 1),
      ...Array.from({ length: worst }, (_, index) => 200 - worst + index + 1),
    ]);
    expect(shown.leftOut).toBe(200 - 2 * worst);
    const original = multilingual.map((each) => each.evaluation);
    expect(compareAnswers('a', 'b', held)).toEqual(compareAnswers('a', 'b', original));
  });

  test('are at least ten of each model, however small the limit', () => {
    expect(reportRows(evaluations, 0).worst).toBe(10);
  });
});

test('a curve keeps its ends and at most 2,001 points', () => {
  const points = Array.from({ length: 100_000 }, (_, step) => ({ step, value: step }));
  const { loss = [] } = thinnedCurve({ instance: 'a', series: { loss: points } }).series;
  expect([loss.at(0)?.step, loss.at(-1)?.step]).toEqual([0, 99_999]);
  expect(loss.length).toBeLessThanOrEqual(2001);
});

test("no text can close its element, and the page's script ends where its element does", () => {
  const answers = { '/api/x': { text: '</script><script>alert(1)</script><!--' } };
  const data = { pages: [], notice: '', hasCommands: false, answers, sets: [] };
  const page = reportDocument(data, '</title><script>');
  expect(page.match(/<script/g)).toHaveLength(2);
  expect(page.match(/<\/script/g)).toHaveLength(2);
  expect(page).not.toContain('<!--');
  expect(page).toContain('\\u003c/script>');
});

test('above 20 MB the report contains the worst answers, and the terminal reports it', async () => {
  await using rig = await createRig();
  rig.write({
    'rows.jsonl': Array.from({ length: 9000 }, (_, row) =>
      JSON.stringify({
        question: `question ${row}`,
        prediction: 'word '.repeat(500),
        reference: 'word',
        scores: { reference: { rougeL: 0.5 }, multilingual: { rougeL: row / 9000 } },
      }),
    ).join('\n'),
    'pipeline.yaml': {
      stages: {
        eval: {
          cmd: 'cp ${deps.rows} ${outs.predictions}',
          deps: { rows: 'rows.jsonl' },
          outs: { predictions: 'predictions.jsonl' },
        },
      },
    },
  });
  await rig.pipeline('run').result;
  const { code, stderr, stdout } = await rig.pipeline('report').result;
  expect(code, stderr).toBe(0);
  expect(stdout).toBe('report.html\n');
  expect(stderr).toMatch(
    /warning: all answers would take more than 20 MB: the file has the texts of the worst \d+/,
  );
  const bytes = readFileSync(`${rig.root}/report.html`).length;
  expect(bytes).toBeLessThan(20_200_000);
  expect(bytes).toBeGreaterThan(15_000_000);
});
