import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slurmProject } from '../rig/slurm-project.ts';
import { hasSlurm, type SlurmCluster, startSlurm } from '../rig/slurm-cluster.ts';

const instants = Number(process.env['SLURM_INSTANTS'] ?? 20);

/** Spread evenly, whatever their number: multiples of the golden ratio, modulo one. */
const spread = (index: number): number => ((index + 1) * 0.618_033_988_749_895) % 1;

describe.skipIf(!hasSlurm)('a runner killed at any instant', () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await startSlurm();
    Object.assign(process.env, cluster.environment);
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test(
    `with jobs in flight, ${instants} times: no job runs twice, none is lost, none is left over`,
    { timeout: 60_000 + instants * 30_000 },
    async () => {
      await using rig = await slurmProject(() => ({
        a: {
          matrix: { n: [1, 2, 3] },
          cmd: 'echo ${n} ${params.round} >> started; sleep 0.5; echo ${n} ${params.round} > ${outs.o}',
          params: { round: '${vars.round}' },
          outs: { o: 'o' },
        },
      }));
      rig.write({ 'pipeline.yaml': rig.read('pipeline.yaml').replace('{', '{"vars":{"round":0},') });
      await rig.process('run').result;
      for (let round = 1; round <= instants; round++) {
        const words = ['run', '--set', `vars.round=${round}`];
        const killed = rig.process(...words);
        await new Promise((resolve) => {
          setTimeout(resolve, 200 + spread(round) * 3500);
        });
        killed.kill('SIGKILL');
        await killed.result;
        const { code, stderr } = await rig.process(...words).result;
        expect({ round, code, stderr }).toMatchObject({ code: 0 });
        for (const n of [1, 2, 3]) expect(rig.read(`artifacts/p/a/${n}/o`)).toBe(`${n} ${round}\n`);
      }
      const started = rig.read('started').trim().split('\n').sort();
      expect(started).toEqual([...new Set(started)]);
      expect(started).toHaveLength(3 * (instants + 1));
      expect((await cluster.run('squeue', '--noheader', '--states=PD,R,CG')).trim()).toBe('');
      expect((await rig.process('cancel', '--json').result).json['cancelled']).toEqual([]);
    },
  );
});
