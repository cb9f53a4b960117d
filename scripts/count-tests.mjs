/**
 * Runs projects of the test suite one after the other: `node scripts/count-tests.mjs unit end-to-end`. It
 * prints how long each took, names what was skipped and what failed, and ends with the line "N passed, N
 * failed". `--failed 'npm ci,types'`, as the first words, counts steps that failed before. What follows the
 * projects is for vitest: `oracles tests/oracles/mt5.test.ts -t logits`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const words = process.argv.slice(2);
const failedSteps = words[0] === '--failed' ? words.splice(0, 2)[1].split(',').filter(Boolean) : [];
const end = words.findIndex((word) => !/^[a-z0-9-]+$/.test(word) || word.startsWith('-'));
const projects = end === -1 ? words : words.slice(0, end);
const forVitest = end === -1 ? [] : words.slice(end);

const folder = mkdtempSync(join(tmpdir(), 'tests-'));
const suites = [];
for (const project of projects) suites.push(await suite(project));
rmSync(folder, { recursive: true });

const allSkipped = suites.flatMap((one) => one.skipped.map((name) => `  ${one.project}: ${name}`));
if (allSkipped.length > 0) console.log(`\n${allSkipped.length} skipped:\n${allSkipped.join('\n')}`);
console.log('');
for (const { project, seconds, passed, failed, skipped } of suites)
  console.log(
    `${project.padEnd(12)} ${String(seconds).padStart(5)} s  ` +
      `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  );
// Last, where the end of a cut log still shows them.
const failures = [
  ...failedSteps.map((step) => `  step: ${step}`),
  ...suites.flatMap((one) => one.failed.map((failure) => `  ${one.project}: ${failure}`)),
];
if (failures.length > 0) console.log(`\n${failures.length} failed:\n${failures.join('\n')}`);
const allPassed = suites.reduce((total, one) => total + one.passed, 0);
console.log(`\n${allPassed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 && allPassed > 0 ? 0 : 1;

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
  if (result === undefined) return { passed: 0, failed: ['no report of it: it did not run'], skipped: [] };
  const tests = result.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = [
    ...tests.filter(({ status }) => status === 'failed').map(failureText),
    // A file that fails before its tests are known counts as one that failed.
    ...result.testResults
      .filter(
        ({ status, assertionResults }) =>
          status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
      )
      .map(({ name, message }) => `${name}\n${indented(message)}`),
  ];
  // So does a suite that fails without any.
  if (failed.length === 0 && exitCode !== 0) failed.push(`vitest ended with code ${exitCode}`);
  return {
    passed: result.numPassedTests,
    failed,
    skipped: tests
      .filter(({ status }) => !['passed', 'failed'].includes(status))
      .map(({ fullName }) => fullName),
  };
}

function failureText({ fullName, failureMessages }) {
  return `${fullName}\n${indented(failureMessages.join('\n'))}`;
}

function indented(text) {
  return text
    .split('\n')
    .slice(0, 12)
    .map((line) => `      ${line}`)
    .join('\n');
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
