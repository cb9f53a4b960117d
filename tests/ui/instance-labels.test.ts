import { expect, test } from 'vitest';
import { nameOfSet, shortLabel } from '../../src/ui/page/instance-labels.ts';

const aimc = ['train[aimc,lora]', 'train[aimc,full]'];

test('a label distinguishes an instance from those beside it', () => {
  expect(aimc.map((each) => shortLabel(each, aimc))).toEqual(['lora', 'full']);
  const mixed = [...aimc, 'train[huatuo,lora]'];
  expect(mixed.map((each) => shortLabel(each, mixed))).toEqual(['aimc lora', 'aimc full', 'huatuo lora']);
  expect(shortLabel('train[aimc,lora]', ['train[aimc,lora]'])).toBe('aimc lora');
  expect(shortLabel('train', ['train'])).toBe('train');
});

test('a set is named by what its instances have in common', () => {
  expect(nameOfSet(aimc)).toBe('aimc');
  expect(nameOfSet(['eval[a]', 'eval[b]'])).toBe('eval[a]');
  expect(nameOfSet(['eval'])).toBe('eval');
  expect(nameOfSet([])).toBe('');
});
