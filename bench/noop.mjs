/**
 * What a run with nothing to do costs: `node dist/main.js run` against bare `node -e 0`, alternating, in one
 * go. node bench/noop.mjs [rounds]. The default experiment has to be up to date (npx pipeline run).
 */
import { spawnSync } from 'node:child_process';

const rounds = Number(process.argv[2] ?? 15);
const sides = { bare: ['-e', '0'], run: ['dist/main.js', 'run'] };
const times = { bare: [], run: [] };
for (let round = -1; round < rounds; round += 1) {
  for (const [side, words] of Object.entries(sides)) {
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    const took = performance.now() - started;
    if (status !== 0 || (side === 'run' && !stderr.includes('up to date')))
      throw new Error(`the run was not a run with nothing to do:\n${stderr}`);
    // The first round fills the disk's cache.
    if (round >= 0) times[side].push(took);
  }
}
const sorted = (values) => [...values].sort((a, b) => a - b);
const shown = (values) =>
  `${sorted(values)[0].toFixed(0)} / ${sorted(values)[values.length >> 1].toFixed(0)} / ${sorted(values).at(-1).toFixed(0)} ms`;
const ratios = sorted(times.run.map((took, round) => took / times.bare[round]));
console.log(`node -e 0               ${shown(times.bare)} (least / median / most of ${rounds})`);
console.log(`node dist/main.js run   ${shown(times.run)}`);
console.log(
  `ratio                   ${ratios[0].toFixed(2)} / ${ratios[rounds >> 1].toFixed(2)} / ${ratios.at(-1).toFixed(2)}, goal at most 2 at the median`,
);
