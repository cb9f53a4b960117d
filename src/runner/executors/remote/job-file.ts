import { isJsonObject, parseJson } from '../../../files/json.ts';
import type { JobHost, Platform, Usage } from '../executor.ts';

/**
 * The instructions for a job in a queue, in a file of its attempt's folder. It is also the fence: a wrapper
 * whose nonce differs from the file's belongs to an abandoned attempt, and publishes nothing.
 */
export interface JobFile {
  readonly nonce: string;
  /** Its name in the queue before it has an id. */
  readonly place: string;
  readonly root: string;
  readonly program:
    | { readonly kind: 'stage'; readonly child: string; readonly bundle: string }
    | { readonly kind: 'command'; readonly words: readonly string[] }
    /** Prints the platform of the node, and runs nothing. */
    | { readonly kind: 'probe' };
  readonly environment: Readonly<Record<string, string>>;
  /** Names of variables that are as the node has them, after the setup lines. */
  readonly ofNode: readonly string[];
  readonly output: string;
  readonly scratch: string;
  /** Null: any. */
  readonly platform: Platform | null;
  readonly stamps: readonly (readonly [path: string, stamp: string])[];
  readonly timeoutSeconds: number | null;
}

/** Where a job ran. */
export interface JobMachine extends JobHost {
  readonly platform: Platform;
}

/** The truth about a job: written by its wrapper, complete or not at all. */
export interface ResultFile extends JobMachine {
  readonly nonce: string;
  /** Its id in the queue, where the queue passes it to its jobs. */
  readonly id: string;
  /** Milliseconds since the epoch, by the clock of its host. */
  readonly started: number;
  readonly ended: number;
  readonly ending: WrapperEnding;
  readonly usage?: Usage | undefined;
}

export type WrapperEnding =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  /** It was asked to stop. */
  | { readonly kind: 'stopped'; readonly why: StopReason; readonly hasCheckpoint: boolean }
  | { readonly kind: 'out-of-memory' }
  /** Its result needed the space that was reserved for it. */
  | { readonly kind: 'disk-full' }
  | { readonly kind: 'platform-differs' }
  | { readonly kind: 'inputs-changed'; readonly path: string }
  | { readonly kind: 'refused'; readonly message: string };

/** `signal`: sent by its queue, for any reason. */
export type StopReason = 'time-limit' | 'timeout' | 'signal';

/** What the wrapper is to start. */
export const jobFilePath = (folder: string): string => `${folder}/job.json`;
/** Made by the one wrapper that starts the program. */
export const claimPath = (folder: string, nonce: string): string => `${folder}/${nonce}.claim`;
/** How the program of one submission ended. */
export const resultPath = (folder: string, nonce: string): string => `${folder}/${nonce}.result.json`;
/** Space for a result, where the disk is full or a quota is used up by then. */
export const reservePath = (folder: string, nonce: string): string => `${folder}/${nonce}.reserve`;
/** What the program writes on its event descriptor. */
export const eventsPath = (folder: string, nonce: string): string => `${folder}/${nonce}.events`;
/** The queue's own messages in a job's output. */
export const queueLogPath = (folder: string, nonce: string): string => `${folder}/${nonce}.queue.txt`;

/** A complete file written by this program: only its nonce has to be checked. */
export function parseOwn<T extends { readonly nonce: string }>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  const parsed = parseJson(text, '');
  if (!parsed.ok || !isJsonObject(parsed.value) || typeof parsed.value['nonce'] !== 'string')
    return undefined;
  const whole: T = JSON.parse(text);
  return whole;
}
