import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { sweep, sweepRows } from '../rig/sweep-faults.ts';

const twoStages = {
  stages: {
    a: {
      cmd:
        'mkdir -p ${outs.d}/empty && echo one > ${outs.d}/x && ln -s x ${outs.d}/l && echo two > ' +
        '${outs.o} && chmod +x ${outs.o}',
      deps: { raw: 'raw' },
      outs: { d: 'd', o: 'o' },
    },
    b: { cmd: ['cp', '${deps.o}', '${outs.o}'], deps: { o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
  },
};

test.each(['ENOSPC', 'EIO', 'EACCES'])(
  '%s at any one operation: reported without an exception, and the next run is correct',
  async (code) => {
    const operations = await sweep(twoStages, code);
    console.log(`${code}: ${operations} operations failed one by one`);
    expect(operations).toBeGreaterThan(20);
  },
);

test('a full disk at any one row write loses no finished result, and the next run is correct', async () => {
  const rows = await sweepRows('SQLITE_FULL');
  console.log(`SQLITE_FULL: ${rows} rows failed one by one`);
  expect(rows).toBeGreaterThan(20);
});

/**
 * In a mount namespace of its own: nobody else sees what is mounted there, and it goes with its last process.
 */
const withMounts = ['unshare', '-Urm', 'sh', '-c'] as const;
const small = 'mkdir -p "$0/disk" && mount -t tmpfs -o size=2m tmpfs "$0/disk" && cd "$0/disk"';
const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const mayMount = spawnSync(withMounts[0], [...withMounts.slice(1), small, folder]).status === 0;

const half = 300_000;
const halves = {
  stages: {
    a: { cmd: `yes a | head -c ${half} > \${outs.o}`, outs: { o: 'o' } },
    b: { cmd: 'tr a b < ${deps.o} > ${outs.o}', deps: { o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
  },
};

/**
 * Runs with so much of the disk taken, then once more with that given back. Prints exit codes, the first
 * run's messages (which go to another disk), and what was made.
 */
const rounds = `${small}
for taken in $(seq 100000 75000 1900000); do
  mkdir p && cd p && cp "$PIPELINE_FILE" pipeline.yaml && head -c $taken /dev/zero > taken
  "$NODE" "$MAIN" run > /dev/null 2> "$0/said"; first=$?
  rm taken
  "$NODE" "$MAIN" run > /dev/null 2> "$0/said-again"; again=$?
  "$NODE" "$MAIN" verify > /dev/null 2>&1; verified=$?
  printf '%s %s %s %s %s %s\\n' $taken $first $again $verified "$(cksum < artifacts/pipeline/b/o | tr ' ' -)" "$(grep -ciE 'no space|disk is full|SQLITE_FULL' "$0/said")"
  cd .. && rm -rf p
done`;

test.skipIf(!mayMount)(
  `a disk that is full sooner or later is reported, and with room again the next run is right${
    mayMount ? '' : ' (skipped: mounting is not allowed here)'
  }`,
  async () => {
    const { main } = await programs();
    const file = join(folder, 'pipeline.yaml');
    writeFileSync(file, JSON.stringify(halves));
    const { stdout, stderr } = spawnSync(withMounts[0], [...withMounts.slice(1), rounds, folder], {
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath, MAIN: main, PIPELINE_FILE: file },
    });
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [taken = '', first = '', again = '', verified = '', made = '', said = ''] = line.split(' ');
        return {
          taken: Number(taken),
          first: Number(first),
          again: Number(again),
          verified: Number(verified),
          made,
          said: Number(said),
        };
      });
    expect(stderr).toBe('');
    expect(results.length).toBeGreaterThan(20);
    const right = results[0]?.made;
    for (const result of results) {
      expect(result).toMatchObject({ again: 0, verified: 0, made: right });
      if (result.first !== 0) expect(result).toMatchObject({ said: expect.toSatisfy((count) => count > 0) });
    }
    const failed = results.filter(({ first }) => first !== 0);
    console.log(
      `tmpfs: ${results.length} fillings, ${failed.length} of them made the first run fail, ` +
        `${results.filter(({ first, said }) => first === 0 && said > 0).length} cost it its ` +
        'caching only',
    );
    expect(failed.length).toBeGreaterThan(3);
  },
);

/**
 * Runs two stages, takes one out of the file, fills the disk but for so many KiB, and asks; the second time
 * there is nothing to delete. Prints exit codes, and what was said.
 */
const collections = `${small}
for left in 0 16 48 96; do
  mkdir p && cd p
  echo 'stages: { make: { matrix: { n: [1, 2] }, cmd: "yes \${n} | head -c 200000 > \${outs.o}", outs: { o: o } } }' > pipeline.yaml
  "$NODE" "$MAIN" run > /dev/null 2>&1; first=$?
  sed -i 's/1, 2/1/' pipeline.yaml
  head -c \${left}K /dev/zero > spare; dd if=/dev/zero of=taken bs=1k 2> /dev/null; rm spare
  "$NODE" "$MAIN" status > /dev/null; status=$?
  planned=$("$NODE" "$MAIN" gc --dry-run --keep-runs 0)
  freed=$("$NODE" "$MAIN" gc --keep-runs 0 | grep '^freed'); again=$("$NODE" "$MAIN" run --json 2> /dev/null); verified=$("$NODE" "$MAIN" verify)
  cat /dev/zero > taken2 2> /dev/null
  "$NODE" "$MAIN" gc --keep-runs 0 > "$0/said" 2>&1; full=$?
  printf '%s|%s|%s|%s|%s|%s|%s|%s\\n' $first $status "$(echo "$planned" | grep '^would free')" "$freed" "$(echo "$again" | tr -d ' \\n' | grep -o '"ran":\\[[^]]*\\]')" "$verified" $full "$(tr '\\n' ' ' < "$0/said")"
  cd .. && rm -rf p
done`;

test.skipIf(!mayMount)(
  'gc frees space on a full disk, and where it cannot, reports the full disk and what to do',
  async () => {
    const { main } = await programs();
    const { stdout, stderr } = spawnSync(withMounts[0], [...withMounts.slice(1), collections, folder], {
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath, MAIN: main },
    });
    expect(stderr).toBe('');
    const shown = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('|'));
    expect(shown).toHaveLength(4);
    for (const [first, status, planned, freed, again, verified, full, said] of shown) {
      expect({ first, status, planned, freed, verified, full }).toEqual({
        first: '0',
        status: '0',
        planned: 'would free 391 KiB: 1 result, 1 object, 1 file or folder',
        freed: 'freed 391 KiB: 1 result, 1 object, 1 file or folder',
        verified: '1 object, 195 KiB: no faults',
        full: '1',
      });
      expect(again).toBe('"ran":[]');
      expect(said).toMatch(/^error: .*the disk is full.* help: free some space: /);
    }
  },
);
