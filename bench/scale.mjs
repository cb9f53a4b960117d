/**
 * How the cost of a pipeline grows with its instances: planning, a first run, a run with nothing to do, and
 * memory, with DVC and Snakemake on the same graphs where they are on the PATH.
 *
 *   node bench/scale.mjs [--sizes 10,100,1000] [--run-up-to 1000] [--limit 120]
 *
 * An instance is a `cmd` stage of a few milliseconds that reads up to three others. Above --run-up-to
 * instances nothing is run: planning is measured, and what a first dry run costs. A command that takes longer
 * than --limit seconds is ended, and larger ones of its kind are left out. Needs the built program (npm run
 * prepare).
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10,100,1000,10000' },
    'run-up-to': { type: 'string', default: '1000' },
    limit: { type: 'string', default: '120' },
    rounds: { type: 'string', default: '5' },
  },
});
const sizes = values.sizes.split(',').map(Number);
const main = join(import.meta.dirname, '../dist/main.js');

/** Layers of equal width; an instance reads the one of its column in each of the three layers before. */
function graphOf(instances) {
  const width = Math.max(1, Math.min(100, Math.floor(instances / 10)));
  const columns = Array.from({ length: width }, (_, index) => index);
  const layers = Array.from({ length: Math.round(instances / width) }, (_, layer) =>
    [1, 2, 3].map((back) => layer - back).filter((before) => before >= 0),
  );
  return { columns, layers, edges: width * layers.flat().length };
}

const ours = {
  name: 'pipeline',
  write(folder, { columns, layers }) {
    const stages = layers.map((reads, layer) => [
      `s${layer}`,
      {
        matrix: { n: columns },
        cmd:
          reads.length === 0
            ? 'echo ${n} > ${outs.o}'
            : `cat ${reads.map((_, index) => `\${deps.d${index}}`).join(' ')} | cksum > \${outs.o}`,
        deps: Object.fromEntries(
          reads.map((before, index) => [`d${index}`, { from: `s${before}`, out: 'o' }]),
        ),
        outs: { o: 'o' },
      },
    ]);
    writeFileSync(join(folder, 'pipeline.yaml'), JSON.stringify({ stages: Object.fromEntries(stages) }));
  },
  plan: [process.execPath, main, 'graph', '--json'],
  dryRun: [process.execPath, main, 'run', '--dry-run'],
  run: [process.execPath, main, 'run', '--json'],
};

const dvc = {
  name: 'dvc',
  write(folder, { columns, layers }) {
    const stages = layers.map((reads, layer) => {
      const deps = reads.map((before) => `out/s${before}-\${item.n}`);
      return [
        `s${layer}`,
        {
          matrix: { n: columns },
          cmd:
            deps.length === 0
              ? `echo \${item.n} > out/s${layer}-\${item.n}`
              : `cat ${deps.join(' ')} | cksum > out/s${layer}-\${item.n}`,
          deps,
          outs: [`out/s${layer}-\${item.n}`],
        },
      ];
    });
    mkdirSync(join(folder, 'out'));
    spawnSync('dvc', ['init', '--no-scm', '-q'], { cwd: folder });
    spawnSync('dvc', ['config', 'core.analytics', 'false'], { cwd: folder });
    writeFileSync(join(folder, 'dvc.yaml'), JSON.stringify({ stages: Object.fromEntries(stages) }));
  },
  plan: ['dvc', 'stage', 'list', '--name-only'],
  // Fails where nothing was run yet: it wants the deps of each stage to be there.
  dryRun: ['dvc', 'repro', '--dry', '-q'],
  run: ['dvc', 'repro', '-q'],
};

const snakemake = {
  name: 'snakemake',
  write(folder, { columns, layers }) {
    const rules = layers.map((reads, layer) => {
      const inputs = reads.map((before) => `out/s${before}-{n}`);
      const shell = reads.length === 0 ? 'echo {wildcards.n} > {output}' : 'cat {input} | cksum > {output}';
      return [
        `rule s${layer}:`,
        `    input: ${JSON.stringify(inputs)}`,
        `    output: "out/s${layer}-{n}"`,
        `    shell: "${shell}"\n`,
      ].join('\n');
    });
    const last = layers.map((_, layer) => layer).filter((layer) => layer >= layers.length - 3);
    const all = `[f"out/s{l}-{n}" for l in ${JSON.stringify(last)} for n in range(${columns.length})]`;
    writeFileSync(join(folder, 'Snakefile'), `rule all:\n    input: ${all}\n${rules.join('')}`);
  },
  plan: ['snakemake', '--list-rules'],
  dryRun: ['snakemake', '-n', '-q', 'all'],
  run: ['snakemake', '-c2', '-q', 'all'],
};

const isInstalled = ({ name }) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

/** Milliseconds, exit code, and the peak of its resident memory in MB as Linux counts it. */
function timed(command, cwd) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(command[0], command.slice(1), { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let [stderr, peak] = ['', 0];
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const poll = setInterval(() => {
      try {
        peak = Math.max(
          peak,
          Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1] ?? 0),
        );
      } catch {
        // It has just ended.
      }
    }, 10);
    const limit = setTimeout(() => child.kill('SIGKILL'), Number(values.limit) * 1000);
    child.on('close', (code, signal) => {
      clearInterval(poll);
      clearTimeout(limit);
      resolve({
        milliseconds: performance.now() - started,
        ended: signal !== null,
        failed: code !== 0 && signal === null ? stderr : undefined,
        megabytes: peak / 1024,
      });
    });
  });
}

/** The middle one of some. */
async function median(rounds, command, cwd) {
  const results = [];
  for (let round = 0; round < rounds; round += 1) {
    const result = await timed(command, cwd);
    results.push(result);
    if (result.ended || result.failed !== undefined) return result;
  }
  return results.sort((a, b) => a.milliseconds - b.milliseconds)[results.length >> 1];
}

const rounds = Number(values.rounds);
const bare = (await median(rounds * 3, [process.execPath, '-e', '0'], tmpdir())).milliseconds;
console.log(
  `node -e 0: ${bare.toFixed(0)} ms; median of ${rounds} (first run: one); memory is the peak of the run ` +
    'with nothing to do, or of planning where nothing was run',
);
const shown = (result) =>
  result === undefined
    ? '-'
    : result.failed !== undefined
      ? 'fails'
      : result.ended
        ? `> ${values.limit} s`
        : result.milliseconds < 10_000
          ? `${result.milliseconds.toFixed(0)} ms`
          : `${(result.milliseconds / 1000).toFixed(0)} s`;
const columns = [
  '',
  'instances',
  'edges',
  'plan',
  'first dry run',
  'first run',
  'nothing to do',
  'x node -e 0',
  'µs/instance',
  'MB',
];
const print = (cells) =>
  console.log(
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(10) : String(cell).padStart(14))).join(''),
  );
print(columns);

for (const runner of [ours, dvc, snakemake]) {
  if (runner !== ours && !isInstalled(runner)) {
    print([runner.name, 'not installed']);
    continue;
  }
  let tooSlow = false;
  for (const size of sizes) {
    if (tooSlow) break;
    const folder = mkdtempSync(join(tmpdir(), 'scale-'));
    try {
      const graph = graphOf(size);
      runner.write(folder, graph);
      const plan = await median(runner === ours ? rounds : 1, runner.plan, folder);
      const dryRun = await median(1, runner.dryRun, folder);
      const runs = size <= Number(values['run-up-to']) && !dryRun.ended;
      const first = runs ? await median(1, runner.run, folder) : undefined;
      const again =
        runs && !first.ended ? await median(runner === ours ? rounds : 1, runner.run, folder) : undefined;
      const last = again ?? plan;
      tooSlow = [plan, dryRun, first, again].some((result) => result?.ended === true);
      print([
        runner.name,
        size,
        graph.edges,
        shown(plan),
        shown(dryRun),
        shown(first),
        shown(again),
        again === undefined || again.ended ? '-' : (again.milliseconds / bare).toFixed(2),
        ((((again ?? plan).milliseconds - bare) * 1000) / size).toFixed(0),
        last.megabytes.toFixed(0),
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
