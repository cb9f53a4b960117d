import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadAll } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { openModelFolder } from '../../src/ml/checkpoint/model-folder.ts';
import { bertFeeds, bertGraph } from '../../src/ml/model/bert.ts';
import type { Feed } from '../../src/ml/model/packed-rows.ts';
import { compile } from '../runtime/compile.ts';
import { worstDifference } from './mt5-tables.ts';
import { neighbours } from './parameter-gradients.ts';
import { expectWithin, roundingAllowance } from './within.ts';
import { oracleRuntime } from './oracle-runtime.ts';

const folder = join(process.env['ORACLES'] ?? '../shared/oracles', 'bertscore');
const suffix = '.hidden-states.json';
const models = existsSync(folder)
  ? readdirSync(folder)
      .flatMap((name) => (name.endsWith(suffix) ? [name.slice(0, -suffix.length)] : []))
      .filter((model) => existsSync(join(folder, model)))
  : [];

interface Sentence {
  readonly ids: readonly number[];
  /** By layer, by token. */
  readonly hidden_states: readonly (readonly (readonly number[])[])[];
}

describe.skipIf(models.length === 0)('BERT against the hidden states of transformers', () => {
  for (const model of models) {
    test(`${model}: every layer of every sentence, all in one padded batch`, async () => {
      const opened = await openModelFolder(join(folder, model));
      if (!opened.ok || opened.value.kind !== 'bert') throw new Error(`no BERT in ${model}`);
      const tensors = await loadAll(opened.value.tensors);
      if (!tensors.ok) throw new Error(tensors.error.message);
      const weights: Record<string, Feed> = {};
      for (const [name, value] of tensors.value) if (value.dtype === 'float32') weights[name] = value;
      const sentences: readonly Sentence[] = JSON.parse(
        await readFile(join(folder, `${model}${suffix}`), 'utf8'),
      );
      const layers = sentences.map(({ hidden_states }) => hidden_states.length - 1);
      expect(Math.min(...layers)).toBeGreaterThan(0);
      const program = await compile(await oracleRuntime(), bertGraph(opened.value.config));
      const feeds = bertFeeds(sentences.map(({ ids }) => ids));
      const outputs = await program.run({ ...weights, ...feeds });
      const moved: (typeof outputs)[] = [];
      for (const values of neighbours(weights)) moved.push(await program.run({ ...values, ...feeds }));
      await program.release();
      for (let layer = 0; layer <= Math.max(...layers); layer += 1) {
        const theirs = sentences.flatMap(({ hidden_states }) => hidden_states[layer]?.flat() ?? []);
        const [ours = [], ...others] = [outputs, ...moved].map((values) =>
          Array.from(values[`hidden.${layer}`]?.data ?? [], Number),
        );
        expectWithin(
          worstDifference(ours, theirs),
          roundingAllowance(1e-5, Math.max(...others.map((other) => worstDifference(ours, other)))),
          `hidden states: layer ${layer}`,
        );
      }
    });
  }
});
