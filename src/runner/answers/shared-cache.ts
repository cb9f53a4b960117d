import type { InstanceId } from '../identity.ts';

/** A result that could be uploaded to the shared cache. */
export interface PushedResult {
  readonly instance: InstanceId;
  /** `present`: signed by the same key already. `not-cached`: it has no up-to-date result here. */
  readonly state: 'uploaded' | 'to-upload' | 'present' | 'not-cached' | 'failed';
  /** Those whose bytes may be uploaded; not all of them have to be. */
  readonly objects: number;
  readonly bytes: number;
}

export interface Pushed {
  readonly remote: string;
  readonly results: readonly PushedResult[];
  /** What went over the line: objects that are there already do not. */
  readonly uploaded: Transferred;
  /** Why not everything could be uploaded. */
  readonly problem?: string;
}

/** One thing that a shared cache has to be able to do. */
export interface RemoteStep {
  readonly step: string;
  readonly ok: boolean;
  /** What was found. */
  readonly message: string;
  readonly milliseconds: number;
}

export interface RemoteCheck {
  readonly remote: string;
  readonly steps: readonly RemoteStep[];
}

/** What a run had from the shared cache, and gave to it. */
export interface SharedCacheReport {
  /** Where it is. */
  readonly remote: string;
  readonly fetched: Transferred;
  readonly uploaded: Transferred;
  /** Not found. */
  readonly absent: number;
  /** There, by signers that are not trusted. */
  readonly untrusted: number;
  /** Entries of trusted signers that are malformed, wrongly signed, or signed for another key or project. */
  readonly refused: number;
  /** Results of which an object is missing there, or damaged. */
  readonly incomplete: number;
  /** Results whose bytes were not shared. */
  readonly partial: number;
  /** Lookups that failed. */
  readonly unanswered: number;
  /** Results that were to be uploaded, and were not. */
  readonly notUploaded: number;
  /** What failed last while something was uploaded. */
  readonly uploadFault?: string;
  /** Results that were written again, since lifecycle rules delete old files. */
  readonly refreshed: number;
  /** Why it was not read, or written, any more. */
  readonly readingOff?: string;
  readonly writingOff?: string;
}

export interface Transferred {
  readonly results: number;
  readonly objects: number;
  readonly bytes: number;
}
