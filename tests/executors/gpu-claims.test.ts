import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type ClaimGpu, gpuClaims } from '../../src/runner/executors/local/gpus/gpu-claims.ts';
import {
  type Supervisor,
  supervisor,
  type SupervisorProcess,
} from '../../src/runner/executors/local/supervisor-client.ts';
import { supervisorHere } from '../rig/supervisor-here.ts';

const by = (run: string) => ({
  user: 'ann',
  pid: process.pid,
  project: '/home/ann/p',
  run,
  instance: 'train[a]',
  since: 1,
});
/** A card that no other process of this machine claims. */
const uuid = (name: string): string => `GPU-${name}-${process.pid}`;

const supervisors: Supervisor[] = [];
afterEach(() => {
  for (const each of supervisors.splice(0)) each.close();
});

function claimsOfRun(): ClaimGpu {
  const own = supervisor(supervisorHere);
  supervisors.push(own);
  return gpuClaims(own);
}

test('a second run cannot claim a GPU, and reads who has it, until it is released', async () => {
  const [first, second] = [claimsOfRun(), claimsOfRun()];
  const claim = await first(uuid('a'), by('1'));
  const refused = await second(uuid('a'), by('2'));
  if (claim.kind !== 'claimed' || refused.kind !== 'held') throw new Error('not held');
  expect(refused.by).toEqual(by('1'));
  expect((await second(uuid('b'), by('2'))).kind).toBe('claimed');
  claim.release();
  await refused.freed;
  expect((await second(uuid('a'), by('2'))).kind).toBe('claimed');
});

test('a run that releases a GPU for which another one waits takes it again only after that one', async () => {
  const [first, second] = [claimsOfRun(), claimsOfRun()];
  const claim = await first(uuid('c'), by('1'));
  const refused = await second(uuid('c'), by('2'));
  if (claim.kind !== 'claimed' || refused.kind !== 'held') throw new Error('not held');
  claim.release();
  const again = first(uuid('c'), by('1'));
  await refused.freed;
  expect((await second(uuid('c'), by('2'))).kind).toBe('claimed');
  expect((await again).kind).toBe('held');
});

test('the name of a claim has the full length of an address: all versions of Node bind it alike', async () => {
  const claim = await claimsOfRun()(uuid('d'), by('1'));
  expect(claim.kind).toBe('claimed');
  const name = `\0${`medical-qa-pipeline/${uuid('d')}`.padEnd(107, '.')}`;
  const answer = await new Promise<string>((resolve) => {
    connect(name).on('data', (data) => resolve(data.toString()));
  });
  expect(JSON.parse(answer)).toEqual(by('1'));
});

test('the supervisor that replaces a killed one makes the claim again, and nothing waits for it', async () => {
  const processes: SupervisorProcess[] = [];
  const own = supervisor(() => {
    const started = supervisorHere();
    processes.push(started);
    return started;
  });
  supervisors.push(own);
  const [first, second] = [gpuClaims(own), claimsOfRun()];
  expect((await first(uuid('e'), by('1'))).kind).toBe('claimed');
  const refused = await second(uuid('e'), by('2'));
  if (refused.kind !== 'held') throw new Error('not held');
  const unanswered = first(uuid('f'), by('1'));
  processes[0]?.stdin.end();
  processes[0]?.emit('exit');
  await refused.freed;
  expect(await unanswered).toMatchObject({ kind: 'unavailable' });
  expect((await first(uuid('g'), by('1'))).kind).toBe('claimed');
  expect(await second(uuid('e'), by('2'))).toMatchObject({ kind: 'held', by: by('1') });
});
