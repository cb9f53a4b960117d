import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../cli/installation.ts';
import { programs } from '../rig/build-programs.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'telemetry-')));
  for (const name of ['home', 'project']) mkdirSync(join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The command line, as on a machine with an empty home where nothing says that telemetry is unwelcome. */
async function pipeline(...words: readonly string[]) {
  const { main } = await programs();
  // In CI, onnxruntime sends and stores nothing anyway.
  const env = { HOME: join(folder, 'home'), ORT_DISABLE_TELEMETRY: undefined, CI: undefined };
  return run(process.execPath, [main, ...words], { cwd: join(folder, 'project'), env });
}

const home = () => readdirSync(join(folder, 'home'));

test('an engine loaded by a stage writes nothing to an empty home folder', async () => {
  const project = join(folder, 'project');
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(project, 'node_modules'));
  // No session can be made from these bytes, but the engine's environment, which has the telemetry, is made
  // first.
  writeFileSync(
    join(project, 'a.ts'),
    `import { writeFileSync } from 'node:fs';
    import { InferenceSession } from 'onnxruntime-node';
    export const stage = {
      params: {}, deps: [], outs: ['o'], packages: ['onnxruntime-node'],
      async run({ outs }) {
        const made = await InferenceSession.create(new Uint8Array([8, 7])).catch((error) => error);
        writeFileSync(outs.o, String(made));
      },
    };`,
  );
  const script =
    'const { writeFileSync } = require("fs"); writeFileSync(process.argv[1], ' +
    'process.env.ORT_DISABLE_TELEMETRY ?? "unset")';
  const pipelineFile = {
    stages: {
      a: { uses: 'a.ts', outs: { o: 'o' } },
      b: { cmd: ['node', '-e', script, '${outs.o}'], outs: { o: 'o' } },
    },
  };
  writeFileSync(join(project, 'pipeline.yaml'), JSON.stringify(pipelineFile));
  const ran = await pipeline('run', '--json');
  expect(JSON.parse(ran.stdout)).toMatchObject({ ran: ['a', 'b'] });
  expect(home()).toEqual([]);
});

test('an engine tried by `doctor` writes nothing to an empty home folder', async () => {
  const { stdout } = await pipeline('doctor', '--json');
  expect(stdout).toContain('onnxruntime-node');
  expect(home()).toEqual([]);
});
