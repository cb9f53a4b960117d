import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readGenerationConfig } from '../../src/ml/checkpoint/generation-config.ts';
import { openMt5Folder, writeMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { type Decoder, openDecoder } from '../../src/ml/generate/decoder.ts';
import { folderGeneration } from '../../src/ml/generate/folder-generation.ts';
import { generate } from '../../src/ml/generate/generate.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { lossGraph } from '../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { openTrainedModel } from '../../src/ml/model/trained-model.ts';
import { compile } from '../runtime/compile.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { Runtime } from '../../src/ml/runtime/runtime.ts';
import { temporaryFolder } from '../checkpoint/temporary-folder.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { type FolderRow, folderOf, type FolderTables } from './folder-tables.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

const tables: FolderTables = JSON.parse(
  await readFile(join(import.meta.dirname, '../golden/model-folders.json'), 'utf8'),
);

for (const [version, folders] of Object.entries(tables.folders))
  describe(`folders as transformers ${version} writes them compute what it computes`, () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await openRuntime('onnx', { threads: 1 });
    });

    test.each(Object.entries(folders))('%s', async (_, row) => {
      const folder = await folderOf(row);
      await expectLosses(folder, row);
      await expectSequences(folder, row);
    });

    test.each(Object.entries(folders))('%s, written again', async (_, row) => {
      const [folder, copy] = [await folderOf(row), join(await temporaryFolder(), 'copy')];
      valueOf(await writeMt5Folder(copy, valueOf(await openMt5Folder(folder))));
      expect(await opened(copy)).toEqual(await opened(folder));
    });

    async function opened(folder: string) {
      const { config, weights } = valueOf(await openTrainedModel(folder, folder));
      const { other: _, ...known } = config;
      return { known, weights };
    }

    async function expectLosses(folder: string, { losses }: FolderRow): Promise<void> {
      const { config, weights } = valueOf(await openTrainedModel(folder, folder));
      const program = await compile(runtime, lossGraph(plainTrace(config)));
      for (const [index, source] of tables.sources.entries()) {
        const labels = [tables.labels[index] ?? []];
        const { loss } = await program.run({
          ...weights,
          ...sourceFeeds([source], config),
          ...targetFeeds(shiftRight(labels, config), config),
          ...labelFeeds(labels, 1 / labels.flat().length),
        });
        const expected = losses[index] ?? Number.NaN;
        expect(Math.abs(Number(loss?.data[0]) / expected - 1)).toBeLessThan(2e-6);
      }
      await program.release();
    }

    async function expectSequences(folder: string, { generations }: FolderRow): Promise<void> {
      const { config, weights } = valueOf(await openTrainedModel(folder, folder));
      const decoders: { logits?: Decoder; logProbabilities?: Decoder } = {};
      for (const { given, sequences } of generations) {
        const beams = Number(given['num_beams'] ?? 1);
        const search =
          beams === 1
            ? ({ kind: 'greedy' } as const)
            : ({ kind: 'beam', beams, earlyStopping: true, lengthPenalty: 1, returned: 1 } as const);
        const { config: generation } = readGenerationConfig(given);
        const asked = {
          maxLength: generation.maxLength,
          noRepeatNgramSize: generation.noRepeatNgramSize,
          search,
        };
        const options = valueOf(folderGeneration(asked, generation, config));
        const scores = beams === 1 ? 'logits' : 'logProbabilities';
        const decoder = (decoders[scores] ??= await openDecoder(
          runtime,
          plainTrace(config),
          weights,
          scores,
        ));
        const found = await generate(decoder, { sources: tables.sources, options, batch: 2 });
        expect({ given, sequences: found.map(([best]) => best?.tokens) }).toEqual({ given, sequences });
      }
      for (const decoder of Object.values(decoders)) await decoder.release();
    }
  });
