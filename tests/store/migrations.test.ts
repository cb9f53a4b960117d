import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../src/runner/store/database/open-store.ts';
import { schemaVersion } from '../../src/runner/store/database/schema.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';

/**
 * A project whose cache version 0.1.0 wrote: two runs of two instances and one that fails, and a run of the
 * two alone.
 */
function project(more = ''): InProcess {
  const made = inProcess();
  made.write({
    'pipeline.yaml': `
name: kept
stages:
  score:
    matrix: { n: [1, 2] }
    cmd: printf '{"loss":%s}' \${n} > \${outs.metrics}
    outs: { metrics: { path: metrics.json, kind: metrics } }
  broken:
    cmd: exit 3; echo \${outs.o}
    outs: { o: o.txt }
`,
    'cache/objects/b2/11e0ab7b0e4077b88cde4f0fb7f6ec121eacd8066d8d144d24e4e1f2c6aa85': '{"loss":1}',
    'cache/objects/49/de4b16b128f830b3426c6f83e345454f85bc8847a9c776332e94584756e33b': '{"loss":2}',
  });
  mkdirSync(join(made.root, 'cache/attempts'));
  const database = connect(join(made.root, 'cache/pipeline.sqlite'), {});
  database.exec(readFileSync(join(import.meta.dirname, '../golden/cache-0.1.0.sql'), 'utf8') + more);
  database.close();
  return made;
}

test('a cache of version 0.1.0 keeps its history and its metrics', async () => {
  using kept = project();
  const runs = await kept.ask((project_) => project_.history(10));
  expect(runs.ok && runs.value.map(({ run, exitCode, counts }) => [run, exitCode, counts])).toMatchObject([
    ['20261128-194320-7f11', 0, { ran: 0, 'up-to-date': 2, failed: 0 }],
    ['20261128-194319-5504', 1, { ran: 0, 'up-to-date': 2, failed: 1 }],
    ['20261128-194318-9edb', 1, { ran: 2, 'up-to-date': 0, failed: 1 }],
  ]);
  const metrics = await kept.ask((project_) => project_.metrics({ patterns: [], mode: 'needs' }));
  expect(
    metrics.ok && metrics.value.map(({ instance, values, faults }) => [instance, values, faults]),
  ).toEqual([
    ['score[1]', { loss: 1 }, []],
    ['score[2]', { loss: 2 }, []],
  ]);
  const database = connect(join(kept.root, 'cache/pipeline.sqlite'), { readonly: true });
  expect(database.pragma('user_version', { simple: true })).toBe(schemaVersion);
  database.close();
});

test('a killed run of version 0.1.0 is closed by the next one and stays in the history', async () => {
  using kept = project(`
INSERT INTO runs VALUES ('20261128-194321-dead', 'kept', 'pipeline.yaml', 1, 'never', 1795895000800, NULL, NULL, NULL, 0);
INSERT INTO attempts VALUES ('20261128-194321-dead', 'kept', 'score[1]', 1, '90c36a65968815ac051dcc822f1eabdaf6823298109214239736a65a224d86f0', 'cache/logs/20261128-194321-dead/1.txt', NULL);
INSERT INTO process_groups VALUES (1, 'never');
`);
  kept.write({ 'cache/attempts/90c36a65968815ac051dcc822f1eabdaf6823298109214239736a65a224d86f0/half': 'x' });
  const run = await kept.run({ patterns: ['score'] });
  expect(Object.keys(run.outcomes)).toEqual(['score[1]', 'score[2]']);
  expect(run.summary?.exitCode).toBe(0);
  expect(kept.snapshot('cache/attempts')).toEqual({});
  const history = await kept.ask((project_) => project_.history(10));
  expect(history.ok && history.value.map(({ finishedAt }) => finishedAt === undefined)).toEqual([
    false,
    true,
    false,
    false,
    false,
  ]);
});
