import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { nearestPattern } from '../../src/runner/workspace/nearest-pattern.ts';

const files = [
  'data/a.json',
  'data/b.json',
  'data/train_1.csv',
  'runs/one/scores.jsonl',
  'runs/one/train/x.csv',
  'runs/one/[a]/x.csv',
  'odd/[1].txt',
  'odd/noise.bin',
];
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'nearest-'));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
});
afterAll(() => rmSync(root, { recursive: true }));

test.each([
  ['data/*.jsno', 'data/*.json'],
  ['data/*.jsonl', 'data/*.json'],
  ['data/trian_*.csv', 'data/train_*.csv'],
  ['data/trian_?.csv', 'data/train_?.csv'],
  ['runs/*/score.jsonl', 'runs/*/scores.jsonl'],
  ['runs/*/trian/x.csv', 'runs/*/train/x.csv'],
  ['runs/*/trian/*.csv', 'runs/*/train/*.csv'],
  ['runs/*/[[]b[]]/x.csv', 'runs/*/[[]a[]]/x.csv'],
  ['runs/*/nothing/x.csv', undefined],
  ['**/*.jsnol', '**/*.jsonl'],
  ['odd/*[[]1].text', 'odd/*[[]1].txt'],
  ['data/*.parquet', undefined],
  ['nowhere/*.json', undefined],
])('a pattern that matches nothing, %s, is near %s', (pattern, near) => {
  expect(nearestPattern({ root, disk: workspaceDisk }, pattern)).toBe(near);
});
