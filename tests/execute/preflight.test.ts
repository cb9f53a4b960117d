import { expect, test } from 'vitest';
import { inProcess } from '../rig/in-process.ts';

test('what no machine has is refused where it is written, through a reference too', async () => {
  using project = inProcess();
  const pipeline = 'stages:\n  a: { cmd: ["true"], resources: { cpus: 100000 } }\n  b: { matrix: { m: [4096TiB] }, cmd: ["true"], resources: { memory: "${m}" } }\n';
  project.write({ 'pipeline.yaml': pipeline });
  const forecast = await project.ask((open) => open.dryRun({ patterns: [], mode: 'needs', force: false, keepGoing: false, retryFailed: false, waitSeconds: 0 }));
  const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
  expect(faults.map(({ code, at }) => [code, pipeline.slice(at?.offset, (at?.offset ?? 0) + (at?.length ?? 0))])).toEqual([['unsatisfiable', '100000'], ['unsatisfiable', '4096TiB']]);
});
