import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { isJsonObject, parseJson } from '../../../../files/json.ts';
import type { GpuRun } from '../../../event.ts';
import type { GpuClaim } from '../../executor.ts';
import type { Supervisor } from '../supervisor-client.ts';
import { claimName } from './claim-sockets.ts';

/** Claims a card, or a part of one, by its UUID. */
export type ClaimGpu = (uuid: string, by: GpuRun) => Promise<GpuClaim>;

/**
 * Claims GPUs among all runs on this machine, of other projects and other users too. The supervisor holds the
 * claims of its run, so that they last as long as its stages. A run that waits connects to the claim, reads
 * who has the GPU, and notices the end of the connection.
 */
export function gpuClaims(supervisor: Pick<Supervisor, 'claim'>): ClaimGpu {
  return async function claim(uuid, by) {
    for (let tries = 0; tries < 5; tries++) {
      const answer = await supervisor.claim(uuid, JSON.stringify(by));
      if (answer.kind === 'claimed') return answer;
      if (answer.reason !== 'EADDRINUSE')
        return { kind: 'unavailable', message: `a socket cannot be opened (${answer.reason})` };
      const holder = await ask(claimName(uuid));
      if (holder !== undefined) return { kind: 'held', ...holder };
      // It ends just now.
      await setTimeout(pollMilliseconds / 20);
    }
    return { kind: 'held', by: undefined, freed: setTimeout(pollMilliseconds), stopWaiting: () => undefined };
  };
}

/** Between looks at a holder that cannot be asked. */
const pollMilliseconds = 1000;

type Holder = Omit<Extract<GpuClaim, { readonly kind: 'held' }>, 'kind'>;

/**
 * Undefined: nothing answers to the name any more. A holder that computes may answer late: it is not waited
 * for.
 */
function ask(name: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    const socket = connect(name);
    const freed = new Promise<void>((end) => {
      socket.on('close', () => end());
    });
    const answer = (text: string): void =>
      resolve({ by: gpuRunOf(text), freed, stopWaiting: () => socket.destroy() });
    let text = '';
    socket.setTimeout(pollMilliseconds, () => answer(''));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) answer(text);
      if (text.length > longestText) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(undefined));
  });
}

const longestText = 10_000;

/** What a holder says of itself; any program may have the name. */
function gpuRunOf(text: string): GpuRun | undefined {
  const parsed = parseJson(text, '');
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  const { user, pid, project, run, instance, since } = parsed.value;
  return typeof user === 'string' &&
    typeof pid === 'number' &&
    typeof project === 'string' &&
    typeof run === 'string' &&
    typeof instance === 'string' &&
    typeof since === 'number'
    ? { user, pid, project, run, instance, since }
    : undefined;
}
