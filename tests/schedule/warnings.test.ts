import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';
import { openDatabase } from '../rig/open-database.ts';

const warning = 'no stage refers to vars.unused';
const timesIn = (text: string): number => text.split(warning).length - 1;

/** Events of a kind in the history, by run. */
function stored({ root }: Rig, kind: string): readonly number[] {
  const database = openDatabase(join(root, 'cache/pipeline.sqlite'), { readonly: true });
  const counts = database
    .prepare<[string], { readonly count: number }>(
      'SELECT (SELECT count(*) FROM events WHERE events.run = runs.run AND kind = ?) AS count ' +
        'FROM runs ORDER BY started_at',
    )
    .all(kind);
  database.close();
  return counts.map(({ count }) => count);
}

describe('a warning about the pipeline file is reported once a run, and stored once', () => {
  const copying = {
    vars: { unused: 1 },
    stages: { a: { cmd: 'cat ${deps.d} > ${outs.o}', deps: { d: 'd' }, outs: { o: 'o' } } },
  };

  test('by a run with work, one with nothing to do, and one that cannot begin', async () => {
    await using rig = await createRig();
    rig.write({ d: 'one', 'pipeline.yaml': copying });
    const run = () => rig.pipeline('run', '--set', 'vars.unused=2').result;
    for (const list of ['ran', 'up-to-date']) {
      const { stderr, json, warnings } = await run();
      expect({ shown: timesIn(stderr), json, warnings }).toMatchObject({
        shown: 1,
        json: { [list]: ['a'] },
        warnings: ['unreached-var'],
      });
    }
    expect(stored(rig, 'warned')).toEqual([1, 1]);
    rig.write({
      'pipeline.yaml': { ...copying, stages: { a: { ...copying.stages.a, deps: { d: 'missing' } } } },
    });
    const refused = await run();
    expect({ code: refused.code, shown: timesIn(refused.stderr), warnings: refused.warnings }).toEqual({
      code: 2,
      shown: 1,
      warnings: ['unreached-var'],
    });
  });

  test('by a watch, when it begins and when the file changes; not by every run', async () => {
    await using rig = await createRig();
    rig.write({ d: 'one', 'pipeline.yaml': copying });
    const run = rig.pipeline('run', '--watch', '--set', 'vars.unused=2');
    await run.said('waiting for changes');
    rig.write({ d: 'two' });
    await run.said('waiting for changes', 2);
    expect(stored(rig, 'warned')).toEqual([1, 1]);
    // Where nothing runs, too.
    rig.write({
      'pipeline.yaml': {
        ...copying,
        stages: { a: { ...copying.stages.a, params: { p: '${vars.unused}' } } },
      },
    });
    await run.said('waiting for changes', 3);
    rig.write({ 'pipeline.yaml': copying });
    await run.said(warning, 2);
    run.kill('SIGINT');
    const { stderr, warnings } = await run.result;
    expect({ shown: timesIn(stderr), warnings }).toEqual({
      shown: 2,
      warnings: ['unreached-var', 'unreached-var'],
    });
  });
});
