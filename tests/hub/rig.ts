import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../../src/result.ts';
import {
  type FetchedRepository,
  fetchRepository,
  type FetchRequest,
} from '../../src/runner/hub/fetch-repository.ts';
import type { HubFault } from '../../src/runner/hub/hub-fault.ts';
import { type HubDisk, type HubWorld, hubWorld } from '../../src/runner/hub/hub-world.ts';
import type { HubProgress } from '../../src/runner/hub/download/progress.ts';
import { type LoopbackHub, openLoopbackHub, type Repository } from './loopback-hub.ts';

export const commit = '0123456789abcdef0123456789abcdef01234567';
export const weights = Buffer.from(
  Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 8)) & 255),
);

/**
 * A model as many of the hub are: small files known to git, weights as a large one, and what nobody needs.
 */
export const model: Repository = {
  commit,
  names: ['main'],
  files: {
    'README.md': Buffer.from('# a model'),
    'config.json': Buffer.from('{"model_type":"mt5"}'),
    'flax_model.msgpack': Buffer.from('flax'),
    'pytorch_model.bin': Buffer.from('the same weights again'),
    'model.safetensors': weights,
    'spiece.model': Buffer.from('pieces'),
  },
  large: ['model.safetensors', 'pytorch_model.bin', 'spiece.model'],
};

export interface Rig extends AsyncDisposable {
  readonly hub: LoopbackHub;
  readonly folder: string;
  readonly world: HubWorld & { readonly disk: HubDisk };
  /** How long it was waited, in seconds, each time. */
  readonly waits: readonly number[];
  readonly progress: readonly HubProgress[];
  /** Ends when so many bytes have been written of a file that is coming. */
  written(bytes: number): Promise<void>;
  fetch(
    changes?: Partial<FetchRequest>,
    world?: Partial<HubWorld>,
  ): Promise<Result<FetchedRepository, HubFault>>;
  /** Every file below the cache folder but the locks, by path, with its content. */
  cached(): Promise<Readonly<Record<string, string>>>;
}

/** A hub with one model, a cache folder, and a world whose clock moves only when something waits. */
export async function openRig(): Promise<Rig> {
  const hub = await openLoopbackHub();
  hub.repositories.set('someone/a-model', model);
  const folder = await mkdtemp(join(tmpdir(), 'hub-'));
  const waits: number[] = [];
  const progress: HubProgress[] = [];
  const watch = watchedDisk(hubWorld.disk);
  // Later than the files that the tests make, so that all of them are settled.
  let clock = Date.now() + 3_600_000;
  const world: Rig['world'] = {
    ...hubWorld,
    disk: watch.disk,
    now: () => clock,
    async wait(milliseconds) {
      waits.push(milliseconds / 1000);
      clock += milliseconds;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
  return {
    hub,
    folder,
    world,
    waits,
    progress,
    written: watch.written,
    fetch: (changes = {}, other = {}) =>
      fetchRepository(
        {
          repository: 'someone/a-model',
          revision: commit,
          cacheFolder: folder,
          endpoint: hub.endpoint,
          token: undefined,
          offline: false,
          proxy: undefined,
          xet: true,
          leastSpeed: 1000,
          totalTime: 86400,
          onProgress: (one) => progress.push(one),
          ...changes,
        },
        { ...world, ...other },
      ),
    cached: () => filesBelow(folder),
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A disk that tells when so many bytes of one file have been written. */
function watchedDisk(disk: HubDisk): { readonly disk: HubDisk; written(bytes: number): Promise<void> } {
  const waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  async function* pluralize(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const piece of pieces) {
      yield piece;
      bytes += piece.length;
      for (const one of waiting) if (bytes >= one.bytes) one.go();
    }
  }
  return {
    disk: { ...disk, append: (path, length, pieces) => disk.append(path, length, pluralize(pieces)) },
    written: (bytes) =>
      new Promise((go) => {
        waiting.push({ bytes, go });
      }),
  };
}

async function filesBelow(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file.slice(folder.length + 1), await readFile(file, 'latin1')] as const),
    ),
  );
}

/** The value, or a failed test that says why there is none. */
export function valueOf<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The problem of a fetch that must have failed. */
export function problemOf(result: Result<FetchedRepository, HubFault>): HubFault['problem'] {
  if (result.ok) throw new Error(`fetched ${result.value.folder}`);
  return result.error.problem;
}
