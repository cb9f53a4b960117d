import { describe, expect, test } from 'vitest';
import type { EvaluationSet } from '../../src/pages/result-answers.ts';
import { addressOf, shownModels, viewOf } from '../../src/ui/page/pages/answers/answer-view.ts';

const instances = ['eval[a]', 'eval[b]', 'eval[c]', 'eval[d]', 'eval[e]'];
const models = (query: string) => shownModels(new URLSearchParams(query), instances);

const set: EvaluationSet = {
  id: 's',
  rows: 10,
  evaluations: instances.map((instance) => ({ instance, isCurrent: true })),
  scores: ['exact', 'rougeL'],
  slots: [],
};
const address = (query: string): URLSearchParams =>
  new URL(addressOf(viewOf(new URLSearchParams(query), set)), 'http://page').searchParams;

describe('the models that the page of answers shows', () => {
  test('the first two are compared, and the next ones shown beside them, four in all', () => {
    expect(models('')).toEqual({
      a: 'eval[a]',
      b: 'eval[b]',
      compared: ['eval[a]', 'eval[b]'],
      others: ['eval[c]', 'eval[d]', 'eval[e]'],
      also: ['eval[c]', 'eval[d]'],
    });
  });

  test('those that were chosen, as far as they were evaluated', () => {
    const { a, b, also } = models('a=eval[c]&b=eval[gone]&also=eval[e]');
    expect([a, b, also]).toEqual(['eval[c]', 'eval[a]', ['eval[e]']]);
  });

  test('none beside A, if none was chosen', () => {
    expect(models('b=none&also=none')).toMatchObject({ compared: ['eval[a]'], b: 'none', also: [] });
  });
});

describe('the address of its rows', () => {
  test('names A, B and the others in their order, and says when there is no B', () => {
    expect(address('b=none&also=eval[d]').getAll('model')).toEqual(['eval[a]', 'eval[d]']);
    expect(address('b=none').get('b')).toBe('none');
    expect(address('').has('b')).toBe(false);
  });

  test('asks for the rows of a page, by ROUGE-L if it was computed, and leaves out what is not limited', () => {
    const query = address('page=3');
    expect([query.get('offset'), query.get('limit'), query.get('score')]).toEqual(['50', '25', 'rougeL']);
    expect(query.has('find')).toBe(false);
  });
});
