import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fakeNvidiaSmi, fakeUuid } from '../rig/fake-nvidia-smi.ts';
import { createRig, type Rig } from '../rig/rig.ts';
import { tensorflow, tensorflowFolder } from '../runtime/runtimes.ts';
import { type FailingEngine, type Fault, installFailingEngine } from './failing-engine.ts';

const root = join(import.meta.dirname, '../..');
const caches: string[] = [];

/** The engine of a user of these tests, and a card that nvidia-smi sees. */
function userWithGpu(hasGpu: boolean): FailingEngine {
  const cache = mkdtempSync(join(tmpdir(), 'gpu-cache-'));
  caches.push(cache);
  vi.stubEnv('XDG_CACHE_HOME', cache);
  fakeNvidiaSmi([{ uuid: fakeUuid('a'), usedMebibytes: 1000, totalMebibytes: 24_000, busy: '90' }]);
  return installFailingEngine(cache, tensorflowFolder ?? '', hasGpu);
}

/** Six steps of a nano mT5, with a checkpoint after every second one. */
async function training(): Promise<Rig> {
  const rig = await createRig();
  for (const path of [
    'src/files',
    'src/ml',
    'src/stage',
    'src/memory.ts',
    'src/reported-error.ts',
    'src/result.ts',
    'stages',
    'data/models',
  ])
    cpSync(join(root, path), join(rig.root, path), { recursive: true });
  for (const path of ['node_modules', 'package.json', 'package-lock.json'])
    symlinkSync(join(root, path), join(rig.root, path));
  const rows = Array.from({ length: 24 }, (_, row) => ({
    human: `question ${row}: what helps against a cough?`,
    assistant: `answer ${row}: tea, rest, and time`,
  }));
  rig.write({
    'rows.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    'pipeline.yaml': {
      stages: {
        train: {
          uses: 'stages/train.ts',
          deps: { base: 'data/models/nano-mt5', train: 'rows.jsonl' },
          params: {
            config: { method: 'lora', learningRate: 1e-3, batch: 4, maxSteps: 6, checkpointEvery: 2 },
            prompt: '{human}',
            baseModel: 'nano',
            sourceTokens: 32,
            targetTokens: 32,
            validation: 0.1,
            seed: 1,
            tokenization: 'sentencepiece',
            runtime: 'tensorflow',
            device: 'cuda',
          },
          outs: { model: 'model', log: 'log.jsonl', summary: 'summary.json' },
        },
      },
    },
  });
  return rig;
}

const weightsOf = (rig: Rig): string => rig.read('artifacts/pipeline/train/model/adapter_model.safetensors');

describe.skipIf(tensorflow.isMissing)(`a training on a GPU, by ${tensorflow.name}`, () => {
  let whole: { readonly weights: string; readonly runs: number };

  beforeAll(async () => {
    const engine = userWithGpu(true);
    await using rig = await training();
    const { code, stderr } = await rig.process('run').result;
    expect(code, stderr).toBe(0);
    expect(stderr).not.toMatch(/oneDNN|absl/);
    const log = await rig.process('log', 'train').result;
    expect(log.stdout).toMatch(/All log messages before absl::InitializeLog[\s\S]*oneDNN/);
    whole = { weights: weightsOf(rig), runs: engine.runs() };
    vi.unstubAllEnvs();
  });
  afterAll(() => {
    for (const cache of caches) rmSync(cache, { recursive: true, force: true });
  });

  const lost =
    'Session fail to run with error: INTERNAL: Failed to synchronize stream: ' +
    'CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered';
  test.each<[string, Omit<Fault, 'run'>, RegExp]>([
    [
      'memory that is used up',
      {
        throws:
          'Session fail to run with error: OOM when allocating tensor with shape[4,8,32,32] and ' +
          'type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc\n' +
          '\t [[{{node n12}}]]\nHint: If you want to see a list of allocated tensors when OOM ' +
          'happens, add report_tensor_allocations_upon_oom to RunOptions',
      },
      /✗ train .*out of memory on GPU 0 when it asked for .* \(.*sourceTokens = \d+.* batch = 4,.*\): lower "batch" \(4 rows did not fit: try 2\) and raise "accumulation" .*"gradientCheckpointing: true".*"sourceTokens" and "targetTokens"/,
    ],
    [
      'a lost device',
      { throws: lost },
      /✗ train .*the GPU failed \(.*batch = 4,.*\): run again to resume from the last checkpoint/,
    ],
    [
      'code that the card cannot run',
      { throws: 'Session fail to run with error: no kernel image is available for execution on the device' },
      /✗ train .*does not support this GPU: .*--version 2\.9\.1/,
    ],
    [
      'a library that ends the process',
      {
        abort:
          '2026-01-01 10:00:00.000000: E tensorflow/compiler/xla/stream_executor/cuda/cuda_event.' +
          'cc:29] Error polling for event status\n' +
          '2026-01-01 10:00:00.000000: F tensorflow/core/common_runtime/gpu/gpu_event_mgr.cc:223]' +
          ' Unexpected Event status: 1\n',
      },
      /✗ train .*SIGABRT[\s\S]*F tensorflow\/core\/common_runtime\/gpu\/gpu_event_mgr/,
    ],
  ])(
    '%s fails with what to do, and the next run goes on from the last checkpoint to the same bits',
    async (_, fault, said) => {
      const engine = userWithGpu(true);
      await using rig = await training();
      engine.fail({ run: Math.floor(whole.runs * 0.75), ...fault });
      const failed = await rig.process('run').result;
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(said);
      expect(failed.stderr).not.toMatch(/oneDNN|absl|\bat file:|Error polling/);
      expect(rig.exists('artifacts/pipeline/train/model')).toBe(false);
      const saved = failed.events.flatMap((event) =>
        event.kind === 'message' && event.message.kind === 'checkpoint' ? [event.message.step] : [],
      );
      expect(saved.length).toBeGreaterThan(0);

      engine.fail(undefined);
      const again = await rig.process('run').result;
      expect(again.json).toMatchObject({ exitCode: 0, ran: ['train'] });
      expect(again.events.find(({ kind }) => kind === 'started')).toMatchObject({ resumed: true });
      expect(engine.runs()).toBeLessThan(whole.runs);
      expect(weightsOf(rig)).toBe(whole.weights);
    },
  );

  test('a card that the library cannot use fails before the first step, with what was found', async () => {
    userWithGpu(false);
    await using rig = await training();
    const { code, stderr } = await rig.process('run').result;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /✗ train .*tensorflow 2\.\d+\.\d+ found no GPU that it can use, but the stage requests one: /,
    );
    expect(rig.exists('artifacts/pipeline/train/model')).toBe(false);
  });

  test('no card: refused before anything runs', async () => {
    userWithGpu(true);
    fakeNvidiaSmi([]);
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '');
    await using rig = await training();
    const { code, stderr } = await rig.process('run').result;
    expect(code).toBe(2);
    expect(stderr).toContain('this machine has none');
  });
});
