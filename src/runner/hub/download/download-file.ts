import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Digest, parseDigest } from '../../../files/digest.ts';
import { fileProblem } from '../../../files/file-problem.ts';
import type { Result } from '../../../result.ts';
import { ask, discard, type Hub } from '../ask.ts';
import { BodyFault, piecesOf } from '../body.ts';
import type { HubProblem } from '../hub-fault.ts';
import type { RemoteFile } from '../list-repository.ts';
import { type Attempt, type Control, persist } from './persist.ts';
import type { Answer } from '../send.ts';

/** The source and the target of a file. */
interface Transfer {
  readonly hub: Hub;
  readonly repository: string;
  readonly commit: string;
  readonly file: RemoteFile;
  /** A file that may hold a beginning already, from an attempt that was cut. */
  readonly partial: string;
  /** Called for each piece: how long the file is now, and how much of that has just arrived. */
  readonly onPiece: (length: number, arrived: number) => void;
}

/**
 * Completes `partial`, resuming at its end, and checks its hash. Bytes that the hub does not confirm are
 * removed; otherwise they stay for the next try. Returns the file's SHA-256.
 */
export async function downloadFile(
  transfer: Transfer,
  control: Control,
): Promise<Result<Digest, HubProblem>> {
  const { file, partial } = transfer;
  for (;;) {
    const resumed = lengthOf(partial, control) > 0;
    const filled = await persist(() => fill(transfer, control), control);
    if (!filled.ok) {
      if (filled.error.kind === 'wrong-size') await control.world.disk.remove(partial);
      return filled;
    }
    const checked = await checkHash(partial, file);
    if (checked.ok) return checked;
    await control.world.disk.remove(partial);
    // The beginning from an earlier run may be damaged: a download from the start decides.
    if (!resumed) return checked;
  }
}

/** The file's SHA-256, if its bytes are those that the hub lists. */
export async function checkHash(
  path: string,
  { path: name, size, hash }: RemoteFile,
): Promise<Result<Digest, HubProblem>> {
  const sha256 = createHash('sha256');
  const git = createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    sha256.update(chunk);
    if (hash.kind === 'git') git.update(chunk);
  }
  const digest = parseDigest(sha256.digest('hex'));
  if (!digest.ok) throw new Error(digest.error);
  const [expected, found] =
    hash.kind === 'sha256' ? [hash.digest, digest.value] : [hash.oid, git.digest('hex')];
  return found === expected
    ? digest
    : { ok: false, error: { kind: 'wrong-hash', file: name, expected, found } };
}

/** One request for the missing bytes. */
async function fill(transfer: Transfer, control: Control): Promise<Attempt<void>> {
  const { hub, repository, commit, file, partial } = transfer;
  const { disk } = control.world;
  const there = disk.lstat(partial);
  const begun = Number(there?.size ?? 0n);
  if (there !== undefined && begun === file.size) return { kind: 'done', value: undefined };
  const start = begun > file.size ? 0 : begun;
  const path = `${repository}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  // A compressed response could not be resumed: a range counts the bytes that are sent.
  const headers = { 'accept-encoding': 'identity', ...(start === 0 ? {} : { range: `bytes=${start}-` }) };
  const reply = await ask(hub, repository, path, headers, control.signal);
  if (reply.kind !== 'done')
    return isPastTheEnd(reply.problem) ? { kind: 'failed', problem: wrongSize(file, start) } : reply;
  const answer = reply.value;
  const offset = answer.status === 206 ? startOfRange(answer) : 0;
  if (offset === undefined || (offset !== 0 && offset !== start)) {
    await discard(answer);
    return {
      kind: 'failed',
      problem: {
        kind: 'bad-answer',
        message:
          offset === undefined
            ? `a request for ${file.path} from byte ${start} got an answer without a usable start: its ` +
              `Content-Range is ${JSON.stringify(answer.headers.get('content-range'))}`
            : `a request for ${file.path} from byte ${start} was answered from byte ${offset}`,
      },
    };
  }
  return receive(answer, offset, start, transfer, control);
}

/** Writes what comes, as it comes. */
async function receive(
  answer: Answer,
  offset: number,
  start: number,
  transfer: Transfer,
  control: Control,
): Promise<Attempt<void>> {
  const { file, partial, onPiece } = transfer;
  let end = offset;
  try {
    await control.world.disk.append(partial, offset, pieces());
  } catch (error) {
    if (error instanceof TooLong) return { kind: 'failed', problem: wrongSize(file, end) };
    if (error instanceof BodyFault)
      return error.mayWork
        ? { kind: 'again', problem: error.problem, progressed: end - start >= leastProgress }
        : { kind: 'failed', problem: error.problem };
    onPiece(lengthOf(partial, control), 0);
    return {
      kind: 'failed',
      problem: { kind: 'disk', problem: fileProblem(partial, error), missing: undefined },
    };
  }
  if (end < file.size)
    return { kind: 'again', problem: wrongSize(file, end), progressed: end - start >= leastProgress };
  return { kind: 'done', value: undefined };

  async function* pieces(): AsyncGenerator<Uint8Array> {
    for await (const piece of piecesOf(answer, control)) {
      end += piece.length;
      if (end > file.size) throw new TooLong();
      yield piece;
      onPiece(end, piece.length);
    }
  }
}

class TooLong extends Error {}

const wrongSize = (file: RemoteFile, found: number): HubProblem => ({
  kind: 'wrong-size',
  file: file.path,
  expected: file.size,
  found,
});

/** 416: the server's file ends where the local one does, so it is shorter than the hub states. */
const isPastTheEnd = (problem: HubProblem): boolean => problem.kind === 'refused' && problem.status === 416;

/** "bytes 100-199/200"; a response without its start offset cannot be used. */
function startOfRange({ headers }: Answer): number | undefined {
  const start = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

const lengthOf = (path: string, { world }: Control): number => Number(world.disk.lstat(path)?.size ?? 0n);

/**
 * Bytes that an interrupted try has to bring for the count of tries to restart: a connection that breaks
 * every minute still finishes.
 */
const leastProgress = 1024 * 1024;
