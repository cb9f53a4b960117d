import type { Key } from '../identity.ts';

/** Where attempts write, a folder each, from the project root. */
export const attemptsFolder = 'cache/attempts';

/**
 * Where an attempt writes. It is named by the key: a program that looks at its paths sees what its manifest
 * decides, and two attempts at one key never run at once.
 */
export const attemptFolder = (key: Key): string => `${attemptsFolder}/${key}`;

/**
 * The file with the paths that a stage is given. Its place is in the environment of all the stage's
 * processes, and of no others.
 */
export const contextFile = (folder: string): string => `${folder}/context.json`;

/** Where each run keeps what its stages print, from the project root. */
export const logsFolder = 'cache/logs';

/** Files of queued jobs besides their attempts, from the project root. */
export const jobsFolder = 'cache/jobs';
