import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** The claims of a run on GPUs, each under a number of the run's own. */
interface ClaimSockets {
  /** `by`: a line for those who ask who has the GPU. Returns the code of the error; undefined: claimed. */
  claim(claim: number, uuid: string, by: string): Promise<string | undefined>;
  release(claim: number): void;
  releaseAll(): void;
}

interface Claim {
  readonly uuid: string;
  readonly server: Server;
  /** Connections of the runs that wait. */
  readonly waiting: ReadonlySet<Socket>;
}

/**
 * A claim is a socket with a name in Linux's abstract namespace (unix(7)): only one process can have it, the
 * kernel frees it when that process ends in any way, and there is no file that could be left behind,
 * forbidden or replaced by a link. Containers with a network of their own have names of their own.
 */
export function claimSockets(): ClaimSockets {
  const claims = new Map<number, Claim>();
  const offers = new Map<string, number>();

  function release(number: number): void {
    const claim = claims.get(number);
    if (claim === undefined) return;
    claims.delete(number);
    if (claim.waiting.size > 0) offers.set(claim.uuid, Date.now() + offerMilliseconds);
    claim.server.close();
    for (const socket of claim.waiting) socket.destroy();
  }

  return {
    async claim(number, uuid, by) {
      const offered = offers.get(uuid);
      if (offered !== undefined) await setTimeout(Math.max(0, offered - Date.now()));
      offers.delete(uuid);
      const bound = await bind(uuid, `${by}\n`);
      if (typeof bound === 'string') return bound;
      claims.set(number, bound);
      return undefined;
    },
    release,
    releaseAll() {
      for (const number of claims.keys()) release(number);
    },
  };
}

/** A run that has more to compute on a GPU first leaves it to those that waited: they take turns. */
const offerMilliseconds = 300;

/**
 * Of the full length of an address: newer versions of Node bind a shorter name as it is, older ones with
 * zeros up to this length.
 */
export const claimName = (uuid: string): string =>
  `\0${`medical-qa-pipeline/${uuid}`.slice(0, 107).padEnd(107, '.')}`;

function bind(uuid: string, text: string): Promise<Claim | string> {
  return new Promise((resolve) => {
    const waiting = new Set<Socket>();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => waiting.delete(socket));
      // Nothing is read; without it the other's end would not be noticed.
      socket.resume();
      socket.write(text);
    });
    // Any user of the machine can connect.
    server.maxConnections = 64;
    server.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen(claimName(uuid), () => resolve({ uuid, server, waiting }));
  });
}
