import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { isJsonObject, parseJson } from '../../../../files/json.ts';
import type { GpuRun } from '../../../event.ts';
import type { GpuClaim } from '../../executor.ts';

/** Claims a card, or a part of one, by its UUID. */
export type ClaimGpu = (uuid: string, by: GpuRun) => Promise<GpuClaim>;

/**
 * Claims GPUs among all runs on this machine, of other projects and other users too. A claim is a socket with
 * a name in Linux's abstract namespace (unix(7)): only one process can have it, the kernel frees it when that
 * process ends in any way, and there is no file that could be left behind, forbidden or replaced by a link. A
 * run that waits connects to it, reads who has the GPU, and notices the end of the connection. Containers
 * with a network of their own have names of their own.
 */
export function gpuClaims(): ClaimGpu {
  const offers = new Map<string, number>();

  return async function claim(uuid, by) {
    const offered = offers.get(uuid);
    if (offered !== undefined) await setTimeout(Math.max(0, offered - Date.now()));
    offers.delete(uuid);
    for (let tries = 0; tries < 5; tries++) {
      const bound = await bind(nameOf(uuid), `${JSON.stringify(by)}\n`);
      if (bound.kind === 'claimed')
        return {
          kind: 'claimed',
          release() {
            if (bound.release() > 0) offers.set(uuid, Date.now() + offerMilliseconds);
          },
        };
      if (bound.code !== 'EADDRINUSE')
        return { kind: 'unavailable', message: `a socket cannot be opened (${bound.code})` };
      const holder = await ask(nameOf(uuid));
      if (holder !== undefined) return { kind: 'held', ...holder };
      // It ends just now.
      await setTimeout(pollMilliseconds / 20);
    }
    return { kind: 'held', by: undefined, freed: setTimeout(pollMilliseconds), stopWaiting: () => undefined };
  };
}

/** A run that has more to compute on a GPU first leaves it to those that waited: they take turns. */
const offerMilliseconds = 300;

/** Between looks at a holder that cannot be asked. */
const pollMilliseconds = 1000;

/**
 * Of the full length of an address: newer versions of Node bind a shorter name as it is, older ones with
 * zeros up to this length.
 */
const nameOf = (uuid: string): string => `\0${`medical-qa-pipeline/${uuid}`.slice(0, 107).padEnd(107, '.')}`;

/** `release` gives the number of runs that wait. */
type Bound =
  | { readonly kind: 'claimed'; release(): number }
  | { readonly kind: 'refused'; readonly code: string };

function bind(name: string, text: string): Promise<Bound> {
  return new Promise((resolve) => {
    const waiting = new Set<Socket>();
    const server: Server = createServer((socket) => {
      waiting.add(socket);
      socket.unref();
      socket.on('error', () => undefined);
      socket.on('close', () => waiting.delete(socket));
      // Nothing is read; without it the other's end would not be noticed.
      socket.resume();
      socket.write(text);
    });
    // Any user of the machine can connect.
    server.maxConnections = 64;
    server.on('error', (error) => resolve({ kind: 'refused', code: codeOf(error) }));
    server.listen(name, () => {
      server.unref();
      resolve({
        kind: 'claimed',
        release() {
          const count = waiting.size;
          server.close();
          for (const socket of waiting) socket.destroy();
          return count;
        },
      });
    });
  });
}

type Holder = Omit<Extract<GpuClaim, { readonly kind: 'held' }>, 'kind'>;

/** Undefined: nothing answers to the name any more. A holder that computes may answer late: it is not waited for. */
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

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : error.message);
