import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Value } from '../../src/stage/context.ts';
import { stage as select } from '../../stages/select-points.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'select-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What `select-points` gives of trainings, as a list of their axes and what their summaries hold. */
async function selected(
  params: Parameters<typeof select.run>[0]['params'],
  trainings: readonly (readonly [axes: Readonly<Record<string, Value>>, summary: unknown])[],
): Promise<unknown> {
  const gathered = await Promise.all(
    trainings.map(async ([axes, summary], index) => {
      const path = join(folder, `${index}.json`);
      await writeFile(path, JSON.stringify(summary));
      return { axes, path };
    }),
  );
  const points = join(folder, 'points.json');
  const ran = await select.run({
    params,
    deps: { trainings: '' },
    gathered: { trainings: gathered },
    outs: { points },
    scratch: folder,
    cpus: 1,
    device: 'cpu',
    signal: new AbortController().signal,
    emit: () => undefined,
  });
  return ran?.ok === false ? ran.error : JSON.parse(await readFile(points, 'utf8'));
}

const point = (name: string): Value => ({ name, rate: name.length });

describe('the stage program select-points', () => {
  test('gives the points with the lowest selection loss by name, the best first', async () => {
    expect(
      await selected({ axis: 'config', keep: 2 }, [
        [{ config: point('a') }, { selection_loss: 3 }],
        [{ config: point('b') }, { selection_loss: 1 }],
        [{ config: point('c') }, { selection_loss: 2 }],
      ]),
    ).toEqual([point('b'), point('c')]);
  });

  test('ranks a point with several seeds by the mean, and skips points without a number', async () => {
    expect(
      await selected({ axis: 'config', keep: 3 }, [
        [{ config: point('a'), seed: 1 }, { selection_loss: 0 }],
        [{ config: point('a'), seed: 2 }, { selection_loss: 4 }],
        [{ config: point('b'), seed: 1 }, { selection_loss: 1 }],
        [{ config: point('b'), seed: 2 }, { selection_loss: 2 }],
        [{ config: point('c'), seed: 1 }, { selection_loss: null }],
      ]),
    ).toEqual([point('b'), point('a')]);
  });

  test('compares by the declared `best`', async () => {
    const best = { by: 'train.summary.scores.rouge', goal: 'max' } as const;
    expect(
      await selected({ axis: 'config', keep: 1, best }, [
        [{ config: point('a') }, { scores: { rouge: 0.1 } }],
        [{ config: point('b') }, { scores: { rouge: 0.2 } }],
      ]),
    ).toEqual([point('b')]);
  });

  test('reports what is missing', async () => {
    expect(await selected({ axis: 'confg', keep: 1 }, [[{ config: 1 }, {}]])).toBe(
      'a training that is gathered has no axis "confg"',
    );
    expect(await selected({ axis: 'config', keep: 1 }, [[{ config: 1 }, {}]])).toBe(
      'no training has a number selection_loss',
    );
  });
});
