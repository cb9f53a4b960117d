import { expect, test } from 'vitest';
import { sixteenAtOnce } from '../rig/sixteen-at-once.ts';

const rounds = Math.ceil(Number(process.env['CHAOS_INSTANTS'] ?? 1000) / 10);

test(`sixteen runs at once, ${rounds} rounds: each stage is executed once a round`, async () => {
  const busy = await sixteenAtOnce(rounds);
  console.log(`${rounds} rounds of sixteen runs: ${busy} of ${rounds * 16} found another run in progress`);
  expect(busy).toBeGreaterThan(0);
});
