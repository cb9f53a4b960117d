import type { Digest } from '../../../files/digest.ts';
import type { Result } from '../../../result.ts';
import type { Bytes } from '../result-source.ts';

/**
 * Named files that several machines share: a folder, or a bucket. A name consists of plain parts with "/"
 * between them. A fault of the storage is never thrown, except by a stream that breaks off (`RemoteFailure`).
 */
export interface RemoteStorage {
  /** As people know it: "s3://bucket/prefix". */
  readonly name: string;
  /** The files directly in a folder; a folder that is not there has none. */
  list(folder: string, signal: AbortSignal): Promise<Answer<readonly ListedFile[]>>;
  /** Undefined: there is no such file. */
  read(name: string, signal: AbortSignal): Promise<Answer<RemoteFile | undefined>>;
  /** Writes a file that is not there yet, whole or not at all. */
  create(name: string, content: NewContent, signal: AbortSignal): Promise<Answer<'created' | 'present'>>;
  /** Writes a file; an existing one is replaced. */
  replace(name: string, content: NewContent, signal: AbortSignal): Promise<Answer<void>>;
  /** Sets the age of a file to that of a new one. False: there is no such file. */
  refresh(name: string, signal: AbortSignal): Promise<Answer<boolean>>;
}

export type Answer<T> = Result<T, RemoteFault>;

export interface ListedFile {
  readonly name: string;
  /** Since it was written, by the clock of the storage. */
  readonly ageSeconds: number;
}

export interface RemoteFile {
  readonly size: number;
  readonly bytes: Bytes;
  /** Closes the transfer if `bytes` were never read. */
  close(): void;
}

/** The content of an upload; `open` is called once for each try. */
export interface NewContent {
  readonly size: number;
  readonly digest: Digest;
  open(): Promise<Bytes | undefined>;
}

export interface RemoteFault {
  readonly kind:
    /** Nothing answers there. */
    | 'unreachable'
    /** It stopped answering. */
    | 'silent'
    | 'denied'
    /** The server, or the file system, failed. */
    | 'failed'
    /** The clocks of this machine and of the server differ too much for a signature. */
    | 'clock'
    /** The content to be sent does not match its digest. */
    | 'unsent';
  readonly message: string;
}

/** A stream from the storage that breaks off. */
export class RemoteFailure extends Error {
  readonly fault: RemoteFault;
  constructor(fault: RemoteFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** A failed answer with this fault. */
export const failed = (fault: RemoteFault): { readonly ok: false; readonly error: RemoteFault } => ({
  ok: false,
  error: fault,
});
