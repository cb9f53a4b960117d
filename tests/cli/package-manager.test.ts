import { expect, test } from 'vitest';
import { packageManagerOf } from '../../src/cli/doctor/package-manager.ts';

test.each([
  ['/home/ann/project/node_modules/medical-qa-pipeline/dist/main.js', 'npm rebuild better-sqlite3'],
  ['/home/ann/medical-qa-pipeline/dist/main.js', 'npm rebuild better-sqlite3'],
  [
    '/home/ann/project/node_modules/.pnpm/medical-qa-pipeline@0.1.0/node_modules/medical-qa-pipeline/dist/main.js',
    'pnpm approve-builds, and choose better-sqlite3',
  ],
  [
    String.raw`C:\project\node_modules\.pnpm\medical-qa-pipeline@0.1.0\node_modules\medical-qa-pipeline\dist\main.js`,
    'pnpm approve-builds, and choose better-sqlite3',
  ],
])('%s: the package manager that installed it is told to build', (file, command) => {
  expect(packageManagerOf(file).build('better-sqlite3')).toBe(command);
});
