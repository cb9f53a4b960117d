import { describe, expect, test } from 'vitest';
import { select, type Selection } from '../../src/runner/plan/select.ts';
import { planOfText } from '../pipeline-file/planned.ts';

const plan = planOfText(`stages:
  format: { matrix: { dataset: [aimc, huatuo] }, cmd: [a], outs: { o: o } }
  train: { matrix: [{ dataset: [aimc, huatuo], config: [lora, full] }, { dataset: aimc, config: ["gs_1", "gs_2", "a,b"] }], cmd: [a], deps: { d: { from: format, out: o } }, outs: { o: o } }
  eval: { matrix: { from: train }, cmd: [a], deps: { m: { from: train, out: o }, d: { from: format, out: o } }, outs: { o: o } }
  collate: { cmd: [a], deps: { m: { from: eval, out: o, gather: true } } }
`);
const chosen = (mode: Selection['mode'], ...patterns: readonly string[]): readonly string[] => {
  const selected = select(plan, { patterns, mode });
  if (!selected.ok) throw new Error(selected.error.map(({ message }) => message).join('\n'));
  return selected.value.chosen.map(({ id }) => id);
};
const takenAsIs = (mode: Selection['mode'], ...patterns: readonly string[]): readonly string[] => {
  const selected = select(plan, { patterns, mode });
  return selected.ok ? selected.value.takenAsIs.map(({ id }) => id) : [];
};

describe('selections', () => {
  test.each<readonly [string, readonly string[]]>([
    ['train[aimc,lora]', ['train[aimc,lora]']],
    ['train:aimc,lora', ['train[aimc,lora]']],
    ['train[*,gs_*]', ['train[aimc,gs_1]', 'train[aimc,gs_2]']],
    ['train:*,gs_?', ['train[aimc,gs_1]', 'train[aimc,gs_2]']],
    ['train[huatuo,*]', ['train[huatuo,lora]', 'train[huatuo,full]']],
    ['train[aimc,a%2Cb]', ['train[aimc,a%2Cb]']],
    ['collate', ['collate']],
    ['*[aimc,gs_1]', ['train[aimc,gs_1]', 'eval[aimc,gs_1]']],
    ['format', ['format[aimc]', 'format[huatuo]']],
  ])('%s', (pattern, expected) => {
    expect(chosen('only', pattern)).toEqual(expected);
  });

  test('without patterns is everything', () => {
    expect(chosen('needs')).toHaveLength(plan.instances.length);
    expect(chosen('only')).toHaveLength(plan.instances.length);
  });

  test('with their dependencies', () => {
    expect(chosen('needs', 'eval[aimc,gs_1]')).toEqual([
      'format[aimc]',
      'train[aimc,gs_1]',
      'eval[aimc,gs_1]',
    ]);
    expect(chosen('until', 'train[huatuo,full]')).toEqual(['format[huatuo]', 'train[huatuo,full]']);
    expect(takenAsIs('needs', 'eval')).toEqual([]);
  });

  test('only them: their inputs are used as is', () => {
    expect(chosen('only', 'eval[aimc,gs_1]', 'train[aimc,gs_1]')).toEqual([
      'train[aimc,gs_1]',
      'eval[aimc,gs_1]',
    ]);
    expect(takenAsIs('only', 'eval[aimc,gs_1]', 'train[aimc,gs_1]')).toEqual(['format[aimc]']);
  });

  test('from them on: with all that depends on them', () => {
    expect(chosen('from', 'train[aimc,gs_1]')).toEqual(['train[aimc,gs_1]', 'eval[aimc,gs_1]', 'collate']);
    expect(takenAsIs('from', 'train[aimc,gs_1]')).toContain('format[aimc]');
    expect(takenAsIs('from', 'train[aimc,gs_1]')).toContain('eval[aimc,gs_2]');
  });

  test.each<readonly [string, string, string | undefined]>([
    ['trian', 'unknown-stage', 'train'],
    ['train[aimc,lroa]', 'no-instance', 'train[aimc,lora]'],
    ['train[aimc]', 'no-instance', undefined],
    ['train[]', 'no-instance', undefined],
    ['collate[x]', 'no-instance', 'collate'],
    ['', 'bad-selection', undefined],
    ['[aimc]', 'bad-selection', undefined],
    ['train[aimc', 'bad-selection', undefined],
    ['train[aimc]x', 'bad-selection', undefined],
  ])('%j is refused', (pattern, code, suggestion) => {
    const selected = select(plan, { patterns: [pattern, 'eval'], mode: 'needs' });
    expect(selected.ok ? [] : selected.error).toMatchObject([
      { code, ...(suggestion === undefined ? {} : { suggestion }) },
    ]);
  });

  test('all faults are reported at once', () => {
    const selected = select(plan, { patterns: ['a', 'b', 'eval'], mode: 'only' });
    expect(selected.ok ? [] : selected.error.map(({ code }) => code)).toEqual([
      'unknown-stage',
      'unknown-stage',
    ]);
  });
});
