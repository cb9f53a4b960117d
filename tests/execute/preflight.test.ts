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

test('a program that is not on PATH, or not in the project, is missed where it is written, before anything runs; the shell finds its own, and what a stage makes is not missing', async () => {
  using project = inProcess();
  const pipeline = `stages:
  a: { cmd: ["true"], outs: { o: { path: made/tool, workspace: true } } }
  b: { cmd: [no-such-program, x] }
  c: { matrix: { n: [1, 2] }, cmd: [./no-such-file, "\${n}"] }
  d: { cmd: no-such-program in a line }
  e: { cmd: [made/tool] }
  f: { cmd: ["\${deps.tool}"], deps: { tool: { from: a, out: o } } }
  g: { cmd: [./not-executable] }
`;
  project.write({ 'pipeline.yaml': pipeline, 'not-executable': '' });
  const forecast = await project.ask((open) => open.dryRun({ patterns: [], mode: 'needs', force: false, keepGoing: false, retryFailed: false, waitSeconds: 0 }));
  const faults = forecast.ok || forecast.error.kind !== 'invalid' ? [] : forecast.error.diagnostics;
  expect(faults.map(({ code, message, at }) => [code, message, pipeline.slice(at?.offset, (at?.offset ?? 0) + (at?.length ?? 0))])).toEqual([
    ['missing-program', 'no-such-program: no such program on PATH', 'no-such-program'],
    ['missing-program', './no-such-file: no such program in the project', './no-such-file'],
    ['missing-program', './not-executable: no such program in the project', './not-executable'],
  ]);
});
