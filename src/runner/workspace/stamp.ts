import type { BigIntStats } from 'node:fs';
import { digestOf } from '../../files/digest.ts';

declare const brand: unique symbol;

/**
 * What the file system knows of a file without reading it: device, inode, size, modification and change time.
 * Two stamps are equal if nothing was written between them.
 */
export type Stamp = string & { readonly [brand]: 'stamp' };

/**
 * The stamp of a file, a link or a folder. Times are whole nanoseconds: past 2^53, so they are never numbers.
 */
export function stampOf(stats: BigIntStats): Stamp {
  return branded(`${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`);
}

/** The stamp of a path that may not exist. */
export const stampOrNone = (stats: BigIntStats | undefined): Stamp =>
  stats === undefined ? branded('0:0:0:0:0') : stampOf(stats);

/**
 * The stamp of a folder in which some names do not count: those that count are part of the stamp
 * in place of its times, which change with any name.
 */
export function folderStamp({ dev, ino }: BigIntStats, names: readonly string[]): Stamp {
  const nameHash = BigInt(`0x${digestOf(names.join('/')).slice(0, 16)}`);
  return branded(`${dev}:${ino}:${names.length}:0:${nameHash}`);
}

/**
 * Whether a stamp may be that of the same file under a new name, or a folder's: that changes the change time
 * alone.
 */
export const isRenamed = (before: Stamp, after: Stamp): boolean =>
  withoutChange(before) === withoutChange(after);

const withoutChange = (stamp: Stamp): string => stamp.slice(0, stamp.lastIndexOf(':'));

/** Parses a stored stamp; undefined if the text is not a stamp. */
export const parseStamp = (text: string): Stamp | undefined => (isStamp(text) ? text : undefined);

const isStamp = (text: string): text is Stamp => /^-?\d+(:-?\d+){4}$/.test(text);

function branded(text: string): Stamp {
  if (!isStamp(text)) throw new Error(`not a stamp: ${text}`);
  return text;
}

/**
 * Whether the stamp of a file that is read now will differ from its stamp after any later change: only if its
 * last change lies so far back that a further one would show another time. (git's rule for "racily clean"
 * entries.) A time in the future, as after the clock was set back, never does.
 */
export function isSettled(stats: BigIntStats, nowNs: bigint): boolean {
  const changed = stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs;
  return changed + tick(stats) < nowNs;
}

/** How long after its last change a file is settled. */
export function tick(stats: BigIntStats): bigint {
  return stats.mtimeNs % 1_000_000_000n === 0n && stats.ctimeNs % 1_000_000_000n === 0n
    ? coarseTick
    : fineTick;
}

/** The kernel stamps files with the time of its last timer tick, 10 ms apart at most. */
const fineTick = 20_000_000n;
/**
 * Times without a fraction come from file systems that count in seconds, or, as FAT does, in pairs of them.
 */
const coarseTick = 2_000_000_000n;
