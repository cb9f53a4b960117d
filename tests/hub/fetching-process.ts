import { statSync } from 'node:fs';
import { fetchRepository } from '../../src/runner/hub/fetch-repository.ts';
import { hubWorld } from '../../src/runner/hub/hub-world.ts';

const [endpoint = '', cacheFolder = '', revision = ''] = process.argv.slice(2);

/** Tells the length of the file after each piece that was written. */
async function* shown(path: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    process.stdout.write(`${statSync(path).size}\n`);
  }
}

const disk = {
  ...hubWorld.disk,
  append: (path: string, length: number, pieces: AsyncIterable<Uint8Array>) =>
    hubWorld.disk.append(path, length, shown(path, pieces)),
};
const fetched = await fetchRepository(
  {
    repository: 'someone/a-model',
    revision,
    cacheFolder,
    endpoint,
    token: undefined,
    offline: false,
    proxy: undefined,
    xet: true,
    leastSpeed: 1000,
    totalTime: 86400,
  },
  { ...hubWorld, disk },
);
process.exitCode = fetched.ok ? 0 : 1;
