import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createRig } from './rig.ts';

/** Appends a line to a file that nobody declares, each time it is executed. */
const pipeline = {
  stages: {
    a: { cmd: 'echo a >> ../executed; cat ${deps.x} > ${outs.o}', deps: { x: 'x' }, outs: { o: 'o' } },
    b: {
      cmd: 'echo b >> ../executed; cat ${deps.o} ${deps.o} > ${outs.o}',
      deps: { o: { from: 'a', out: 'o' } },
      outs: { o: 'o' },
    },
  },
};

/**
 * Edits a project and starts sixteen runs at once, round by round; every fourth waits. Each stage is executed
 * once a round, whoever does it; who waits finds it done or does it; who does not wait did it, found it done,
 * or reported which process holds the lock. Gives how many did the latter.
 */
export async function sixteenAtOnce(rounds: number): Promise<number> {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': pipeline });
  let busy = 0;
  for (let round = 1; round <= rounds; round++) {
    rig.write({ x: `${round} ` });
    const runs = Array.from({ length: 16 }, (_, index) => ({
      waits: index % 4 === 0,
      run: index % 4 === 0 ? rig.process('run', '--wait') : rig.process('run'),
    }));
    const pids = runs.map(({ run }) => run.pid);
    const results = await Promise.all(runs.map(async ({ waits, run }) => ({ waits, ...(await run.result) })));
    for (const { waits, code, stderr } of results) {
      expect({ round, code, stderr: code === 0 ? '' : stderr }).toMatchObject(
        waits ? { code: 0 } : { code: expect.toBeOneOf([0, 3]) },
      );
      if (code !== 3) continue;
      busy += 1;
      // A holder that has ended when it is asked for has no name any more.
      const [, holder] = /another run is in progress \(pid (\d+)/.exec(stderr) ?? [];
      if (holder !== undefined) expect(pids).toContain(Number(holder));
    }
    expect({ round, ran: results.flatMap(({ json }) => json['ran'] ?? []).sort() }).toEqual({
      round,
      ran: ['a', 'b'],
    });
    expect(rig.read('artifacts/pipeline/b/o')).toBe(`${round} ${round} `);
  }
  expect(readFileSync(join(rig.root, '../executed'), 'utf8')).toBe('a\nb\n'.repeat(rounds));
  expect((await rig.pipeline('verify').result).code).toBe(0);
  return busy;
}
