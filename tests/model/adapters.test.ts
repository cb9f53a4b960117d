import { mkdir } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeJson, type JsonObject } from '../../src/files/json.ts';
import { parseGenerationConfig } from '../../src/ml/checkpoint/generation-config.ts';
import type { HostTensor } from '../../src/ml/checkpoint/host-tensor.ts';
import { fromMemory, loadAllFloat32 } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { writeMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { readSafetensors, writeSafetensors } from '../../src/ml/checkpoint/safetensors.ts';
import { openMergedModel } from '../../src/ml/model/merged-model.ts';
import { sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import { type Mt5Trace, plainTrace } from '../../src/ml/model/mt5-trace.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import { openTrainedModel } from '../../src/ml/model/trained-model.ts';
import { compile } from '../runtime/compile.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { temporaryFolder } from '../checkpoint/temporary-folder.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

interface Described {
  readonly models: Readonly<
    Record<string, { readonly config: JsonObject; readonly adapters: Readonly<Record<string, JsonObject>> }>
  >;
}

const golden = join(import.meta.dirname, '../golden/adapters');

/** Where peft 0.21 ties the head again after it merged, and so loses what it had merged. */
const tiedAgain = ['ensure_weight_tying, saved', 'ensure_weight_tying, saved head'];

for (const version of ['0.17.1', '0.21.2'])
  describe(`adapters of peft ${version}`, async () => {
    const described: Described = JSON.parse(readFileSync(join(golden, `adapters-${version}.json`), 'utf8'));
    const tables = valueOf(await readSafetensors(join(golden, `adapters-${version}.safetensors`)));
    for (const [model, { config, adapters }] of Object.entries(described.models))
      describe(`over a model with ${model}`, () => {
        test.each(Object.entries(adapters))('%s: equals peft', async (name, adapterConfig) => {
          const base = await writtenBase(config, startingWith(tables, `${model}|base|`));
          const stored = startingWith(tables, `${model}|${name}|`);
          const folder = await writtenAdapter(adapterConfig, stored);
          const opened = await openTrainedModel(base, folder);
          if (name === 'ensure_weight_tying, head' && model === 'tied-head') {
            expect(opened).toMatchObject({ ok: false, error: expect.stringMatching(/ensure_weight_tying/) });
            return;
          }
          const adapted = valueOf(opened);
          const logits = await logitsWith(adapted.trace, adapted.weights);
          expect(worst(logits, stored.get('logits'))).toBeLessThan(1e-5);

          const merged = await openMergedModel(base, folder);
          const expected = stored.get(tiedAgain.includes(name) ? 'logits' : 'merged');
          const isSplit = name.startsWith('saved embeddings of the stacks');
          if (expected === undefined || isSplit) {
            expect(merged).toMatchObject({
              ok: false,
              error: expect.stringMatching(isSplit ? /embeddings of the encoder and the decoder/ : /no bias/),
            });
            return;
          }
          const { tensors, config: mergedConfig } = valueOf(merged).model;
          const weights = feedsOf(valueOf(await loadAllFloat32(tensors)), tensors);
          expect(worst(await logitsWith(plainTrace(mergedConfig), weights), expected)).toBeLessThan(1e-5);
          expect(valueOf(merged).warnings.some((warning) => /answers differently/.test(warning))).toBe(
            worst(logits, expected) > 1e-3,
          );
        });
      });
  });

async function writtenBase(json: JsonObject, tensors: ReadonlyMap<string, HostTensor>): Promise<string> {
  const folder = join(await temporaryFolder(), 'base');
  const config = valueOf(parseMt5Config(json, 'config.json'));
  const generation = valueOf(parseGenerationConfig(json, 'config.json'));
  valueOf(await writeMt5Folder(folder, { config, generation, tensors: fromMemory(tensors) }));
  return folder;
}

async function writtenAdapter(config: JsonObject, stored: ReadonlyMap<string, HostTensor>): Promise<string> {
  const folder = join(await temporaryFolder(), 'adapter');
  await mkdir(folder);
  valueOf(await writeJson(join(folder, 'adapter_config.json'), config));
  const tensors = new Map([...stored].filter(([name]) => name.startsWith('base_model.')));
  valueOf(await writeSafetensors(join(folder, 'adapter_model.safetensors'), fromMemory(tensors)));
  return folder;
}

async function logitsWith(trace: Mt5Trace, weights: Feeds): Promise<Float32Array> {
  const runtime = await openRuntime('onnx', { threads: 1 });
  const program = await compile(runtime, {
    outputs: { logits: logitsOf(trace, decode(trace, encode(trace).last).last) },
  });
  const { logits } = await program.run({
    ...weights,
    ...sourceFeeds(
      [
        [5, 6, 7, 8, 1],
        [9, 10, 1],
      ],
      trace.config,
    ),
    ...targetFeeds(
      [
        [11, 12, 13, 1],
        [14, 1, 2, 3],
      ],
      trace.config,
    ),
  });
  await program.release();
  if (logits?.dtype !== 'float32') throw new Error('the model gave no logits');
  return logits.data;
}

const startingWith = (
  tables: ReadonlyMap<string, HostTensor>,
  start: string,
): ReadonlyMap<string, HostTensor> =>
  new Map(
    [...tables].flatMap(([name, tensor]) =>
      name.startsWith(start) ? [[name.slice(start.length), tensor] as const] : [],
    ),
  );

const feedsOf = (
  values: ReadonlyMap<string, Float32Array>,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): Feeds =>
  Object.fromEntries(
    [...values].map(([name, data]) => [
      name,
      { dtype: 'float32', shape: tensors.get(name)?.shape ?? [], data },
    ]),
  );

function worst(found: Float32Array, expected: HostTensor | undefined): number {
  if (expected?.dtype !== 'float32' || expected.data.length !== found.length) return Number.NaN;
  return expected.data.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (found[index] ?? 0))),
    0,
  );
}
