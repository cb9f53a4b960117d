/**
 * Runs the oracle tests and prints what they measured as a Markdown table: `ORACLES=FOLDER node
 * scripts/measure-parity.mjs`. A line is a quantity of a subject: in how many models, settings or runs, how
 * much was compared, and the worst difference beside what was allowed there; "worst" is the greatest share of
 * what was allowed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'measured-'));
const file = join(folder, 'measured.jsonl');
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'oracles', ...process.argv.slice(2)], {
  stdio: ['inherit', 2, 2],
  env: { ...process.env, MEASURED: file },
});
const measured = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
rmSync(folder, { recursive: true });

const groups = new Map();
for (const { subject, test, what, compared = 1, difference, allowed } of measured) {
  const [, model = '', ...rest] = test.split(' > ');
  const quantity = (what ?? (rest.join(', ') || model)).split(':')[0];
  const group = groups.get(`${subject} | ${quantity}`) ?? { models: new Set(), compared: 0, share: -1 };
  const share = allowed === 0 ? difference : difference / allowed;
  const worst = share > group.share ? { difference, allowed, share } : {};
  groups.set(`${subject} | ${quantity}`, {
    ...group,
    ...worst,
    models: rest.length === 0 ? group.models : group.models.add(model),
    compared: group.compared + compared,
  });
}
console.log(
  '| subject | quantity | models | comparisons | worst difference | allowed there |\n' +
    '| --- | --- | ---: | ---: | ---: | ---: |',
);
for (const [key, { models, compared, difference, allowed }] of [...groups].sort())
  console.log(`| ${key} | ${models.size || ''} | ${compared} | ${short(difference)} | ${short(allowed)} |`);
process.exitCode = status ?? 1;

function short(value) {
  return value === 0 || Number.isInteger(value) ? String(value) : value.toExponential(1);
}
