import { unreachable } from './ask.ts';
import type { HubProblem } from './hub-fault.ts';
import type { Control } from './download/persist.ts';
import type { Answer } from './send.ts';

/** The body of an answer did not arrive as it should. */
export class BodyFault extends Error {
  readonly problem: HubProblem;
  /** Whether another request may bring it. */
  readonly mayWork: boolean;
  constructor(problem: HubProblem, mayWork: boolean) {
    super(problem.kind);
    this.problem = problem;
    this.mayWork = mayWork;
  }
}

/**
 * The body of a response, piece by piece. Every fault of the connection is thrown as a BodyFault, to
 * distinguish it from one of the disk: a broken connection, one below the minimum speed for a minute (silence
 * has a limit of its own, see send.ts), and a timeout.
 */
export async function* piecesOf(answer: Answer, control: Control): AsyncGenerator<Uint8Array> {
  const { host } = new URL(answer.url);
  const { leastSpeed, deadline } = control.limits;
  const { now } = control.world;
  let [since, received] = [now(), 0];
  const pieces = (answer.body ?? emptyBody())[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await nextOf(pieces, host);
      if (done) return;
      received += value.length;
      const at = now();
      if (at >= deadline) throw new BodyFault({ kind: 'out-of-time', because: undefined }, false);
      if (at - since >= speedWindow) {
        const bytesPerSecond = received / ((at - since) / 1000);
        if (bytesPerSecond < leastSpeed)
          throw new BodyFault({ kind: 'too-slow', host, bytesPerSecond, leastSpeed }, true);
        [since, received] = [at, 0];
      }
      yield value;
    }
  } finally {
    await pieces.return?.().catch(() => undefined);
  }
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

interface Piece {
  readonly done: boolean;
  readonly value: Uint8Array;
}

async function nextOf(pieces: AsyncIterator<Uint8Array>, host: string): Promise<Piece> {
  try {
    const { done, value } = await pieces.next();
    return done === true ? { done: true, value: new Uint8Array() } : { done: false, value };
  } catch (error) {
    if (isLengthMismatch(error))
      throw new BodyFault({ kind: 'bad-answer', message: 'its length is not what its headers say' }, false);
    throw new BodyFault(unreachable(host, error), true);
  }
}

/** undici's: the server closed the answer in order, after more or fewer bytes than it announced. */
function isLengthMismatch(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error && 'code' in cause && cause.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
}

/** In milliseconds. */
const speedWindow = 60_000;
