/**
 * Runs projects of the test suite one after the other: `node scripts/count-tests.mjs unit end-to-end`. It
 * prints how long each took, names what was skipped, and ends with the line "N passed, N failed". `--failed
 * N`, as the first words, counts what failed before. What follows the projects is for vitest: `oracles
 * tests/oracles/mt5.test.ts -t logits`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const words = process.argv.slice(2);
const failedBefore = words[0] === '--failed' ? Number(words.splice(0, 2)[1]) : 0;
const end = words.findIndex((word) => !/^[a-z0-9-]+$/.test(word) || word.startsWith('-'));
const projects = end === -1 ? words : words.slice(0, end);
const forVitest = end === -1 ? [] : words.slice(end);

const folder = mkdtempSync(join(tmpdir(), 'tests-'));
const suites = [];
for (const project of projects) suites.push(await suite(project));
rmSync(folder, { recursive: true });

console.log('');
for (const { project, seconds, passed, failed, skipped } of suites)
  console.log(
    `${project.padEnd(12)} ${String(seconds).padStart(5)} s  ${passed} passed, ${failed} failed, ${skipped.length} skipped`,
  );
const skipped = suites.flatMap((one) => one.skipped.map((name) => `  ${one.project}: ${name}`));
if (skipped.length > 0) console.log(`\n${skipped.length} skipped:\n${skipped.join('\n')}`);
const sum = (field) => suites.reduce((total, one) => total + one[field], 0);
const allFailed = sum('failed') + failedBefore;
console.log(`\n${sum('passed')} passed, ${allFailed} failed`);
process.exitCode = allFailed === 0 && sum('passed') > 0 ? 0 : 1;

async function suite(project) {
  console.log(`\n== ${project}`);
  const output = join(folder, `${project}.json`);
  const began = performance.now();
  const { exitCode = 1 } = await execa(
    'npx',
    [
      '--no-install',
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${output}`,
      ...forVitest,
    ],
    { stdio: 'inherit', reject: false },
  );
  const seconds = Math.round((performance.now() - began) / 1000);
  return { project, seconds, ...countsOf(read(output), exitCode) };
}

function countsOf(result, exitCode) {
  if (result === undefined) return { passed: 0, failed: 1, skipped: [] };
  const tests = result.testResults.flatMap(({ assertionResults }) => assertionResults);
  // A file that fails before its tests are known counts as one that failed, and so does a suite that fails
  // without any.
  const unloaded = result.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
  ).length;
  const failed = result.numFailedTests + unloaded;
  return {
    passed: result.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: tests
      .filter(({ status }) => !['passed', 'failed'].includes(status))
      .map(({ fullName }) => fullName),
  };
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
