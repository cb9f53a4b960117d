/** Runs one project of the test suite and ends with its counts: `node scripts/count-tests.mjs oracles` prints "N passed, N failed" last. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [project = 'unit', ...rest] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'tests-'));
const output = join(folder, 'result.json');
const { status } = spawnSync(
  'npx',
  [
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
    ...rest,
  ],
  { stdio: 'inherit' },
);
const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(output, 'utf8'));
rmSync(folder, { recursive: true });
// A file that fails before its tests are known counts as one that failed.
const unloaded = testResults.filter(
  ({ status: outcome, assertionResults }) =>
    outcome === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
).length;
console.log(`${numPassedTests} passed, ${numFailedTests + unloaded} failed`);
process.exitCode = status ?? 1;
