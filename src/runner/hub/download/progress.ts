import type { HubProblem } from '../hub-fault.ts';

/** What a fetch tells while it works. */
export type HubProgress =
  | Download
  /** The next try, and why the last one failed. */
  | { readonly kind: 'retry'; readonly seconds: number; readonly because: HubProblem }
  /** Another process is fetching the same. */
  | { readonly kind: 'waiting' }
  /** All of it is here, checked and published. */
  | { readonly kind: 'fetched'; readonly bytes: number };

export interface Download {
  readonly kind: 'download';
  readonly file: string;
  /** Of all files together. */
  readonly bytes: number;
  readonly total: number;
  /** Over the last seconds; undefined until there are enough samples. */
  readonly bytesPerSecond: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** Samples for the speed: received bytes by time, the oldest first. Times in milliseconds. */
export type Meter = readonly { readonly at: number; readonly received: number }[];

/** Notes what has arrived over the network by now. */
export function advance(meter: Meter, at: number, received: number): Meter {
  return [...meter.filter((sample) => sample.at >= at - window && sample.at <= at), { at, received }];
}

/** Bytes a second over the last ten seconds; bytes from before (a resumed file) do not count. */
export function speedOf(meter: Meter): number | undefined {
  const [first, last] = [meter[0], meter.at(-1)];
  if (first === undefined || last === undefined || last.at === first.at) return undefined;
  return (last.received - first.received) / ((last.at - first.at) / 1000);
}

/**
 * How far the download of several files is, passed to `report` at most five times a second, and when each
 * file is whole.
 */
export class DownloadProgress {
  readonly #total: number;
  readonly #now: () => number;
  readonly #report: (download: Download) => void;
  #meter: Meter = [];
  #received = 0;
  /** Bytes of complete files, and of the file in progress. */
  #whole = 0;
  #begun = 0;

  constructor(total: number, now: () => number, report: (download: Download) => void) {
    this.#total = total;
    this.#now = now;
    this.#report = report;
  }

  /** `length`: how long the file is now; `arrived`: how much of it has just come. */
  piece(file: string, length: number, arrived: number): void {
    this.#begun = length;
    this.#received += arrived;
    const now = this.#now();
    if (now - (this.#meter.at(-1)?.at ?? -Infinity) < interval) return;
    this.#meter = advance(this.#meter, now, this.#received);
    this.#reportFile(file);
  }

  whole(file: string, size: number): void {
    this.#whole += size;
    this.#begun = 0;
    this.#reportFile(file);
  }

  /** Bytes that are still to come. */
  left(): number {
    return this.#total - this.#whole - this.#begun;
  }

  #reportFile(file: string): void {
    const bytesPerSecond = speedOf(this.#meter);
    const secondsLeft =
      bytesPerSecond === undefined || bytesPerSecond <= 0 ? undefined : this.left() / bytesPerSecond;
    this.#report({
      kind: 'download',
      file,
      bytes: this.#total - this.left(),
      total: this.#total,
      bytesPerSecond,
      secondsLeft,
    });
  }
}

const window = 10_000;
const interval = 200;
