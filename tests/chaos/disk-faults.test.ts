import { expect, test } from 'vitest';
import { sweep } from '../rig/sweep-faults.ts';

const twoStages = {
  stages: {
    a: { cmd: 'mkdir -p ${outs.d}/empty && echo one > ${outs.d}/x && ln -s x ${outs.d}/l && echo two > ${outs.o} && chmod +x ${outs.o}', deps: { raw: 'raw' }, outs: { d: 'd', o: 'o' } },
    b: { cmd: ['cp', '${deps.o}', '${outs.o}'], deps: { o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
  },
};

test.each(['ENOSPC', 'EIO', 'EACCES'])('%s at any one operation: no exception, it is said, and the next run is right', async (code) => {
  const operations = await sweep(twoStages, code);
  console.log(`${code}: ${operations} operations failed one by one`);
  expect(operations).toBeGreaterThan(20);
});
