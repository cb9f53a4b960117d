import { expect, test } from 'vitest';
import type { Json } from '../../src/files/json.ts';
import { shippedPaths } from '../../src/runner/programs/shipped-paths.ts';

const all = [
  'package.json',
  'README.md',
  'dist',
  'dist/a.js',
  'dist/deep/b.js',
  'docs',
  'docs/a.md',
  'docs/schema.json',
  'tests',
  'tests/a.js',
  'artifacts',
];
const counting = (packageJson: Json): readonly string[] | 'all' => {
  const counts = shippedPaths(packageJson);
  return counts === undefined ? 'all' : all.filter(counts);
};
const dist = ['dist', 'dist/a.js', 'dist/deep/b.js'];

test.each<[string, Json, readonly string[]]>([
  [
    'folders and files',
    {
      files: ['dist', './docs/schema.json'],
      exports: { '.': { import: './dist/a.js' }, './*': './dist/*.js', './package.json': './package.json' },
    },
    [...dist, 'docs', 'docs/schema.json'],
  ],
  ['"/" at either end, and another case', { files: ['/DIST/'], exports: './dist/a.js' }, dist],
  [
    'patterns',
    { files: ['dist/**/*.js', 'docs/*.json'], exports: './dist/deep/b.js' },
    [...dist, 'docs', 'docs/schema.json'],
  ],
  ['what is taken out again counts', { files: ['dist', '!dist/deep'], exports: './dist/a.js' }, dist],
])('shipped files of a package count, and package.json: %s', (_, packageJson, expected) => {
  expect(counting(packageJson)).toEqual(['package.json', ...expected]);
});

test.each<[string, Json]>([
  ['it says nothing of what it ships', { exports: './dist/a.js' }],
  ['it can be imported by any path', { files: ['dist'], main: 'dist/a.js' }],
  [
    'a way in is not shipped',
    { files: ['dist'], exports: { '.': './dist/a.js', './source': ['./src/a.ts'] } },
  ],
  [
    'a way in of its own is not shipped',
    { files: ['dist'], exports: './dist/a.js', imports: { '#source': './src/a.ts' } },
  ],
  ['any file is a way in', { files: ['dist'], exports: './*' }],
  ['a pattern is not understood', { files: ['{dist,lib}', 'dist'], exports: './dist/a.js' }],
  ['a pattern without a "/" is found at any depth', { files: ['*.js'], exports: './a.js' }],
  ['package.json is no map', []],
])('all files of a package count where %s', (_, packageJson) => {
  expect(counting(packageJson)).toBe('all');
});
