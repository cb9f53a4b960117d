import { join } from 'node:path';
import { fileProblemText } from '../src/files/file-problem.ts';
import { isJsonObject, readJson } from '../src/files/json.ts';
import { parseGenerationConfig } from '../src/ml/checkpoint/generation-config.ts';
import { fromMemory } from '../src/ml/checkpoint/lazy-tensor.ts';
import { parseMt5Config } from '../src/ml/checkpoint/mt5-config.ts';
import { tokenizerFiles, writeMt5Folder } from '../src/ml/checkpoint/mt5-folder.ts';
import { mt5ParameterShapes } from '../src/ml/checkpoint/mt5-parameters.ts';
import { initialiseMt5 } from '../src/ml/model/initialise-mt5.ts';
import { convertedTokenizer } from '../src/ml/text/converted-tokenizer.ts';
import { defineStage } from '../src/stage/define-stage.ts';

/**
 * A model with random weights, of the sizes and with the tokenizer of a folder that has no weights: what a
 * pre-training starts from.
 */
export const stage = defineStage<{ readonly seed: number }, 'sizes', 'model'>({
  params: {
    type: 'object',
    properties: { seed: { type: 'integer' } },
    required: ['seed'],
    additionalProperties: false,
  },
  deps: ['sizes'],
  outs: ['model'],
  async run({ params, deps, outs }) {
    const [configPath, generationPath] = [
      join(deps.sizes, 'config.json'),
      join(deps.sizes, 'generation_config.json'),
    ];
    const [configJson, generationJson] = [await readJson(configPath), await readJson(generationPath)];
    if (!configJson.ok) return { ok: false, error: fileProblemText(configJson.error) };
    if (!generationJson.ok) return { ok: false, error: fileProblemText(generationJson.error) };
    const config = parseMt5Config(isJsonObject(configJson.value) ? configJson.value : {}, configPath);
    if (!config.ok) return { ok: false, error: fileProblemText(config.error) };
    const generation = parseGenerationConfig(
      isJsonObject(generationJson.value) ? generationJson.value : {},
      generationPath,
    );
    if (!generation.ok) return { ok: false, error: fileProblemText(generation.error) };
    const copies = await tokenizerFiles(deps.sizes);
    if (!copies.ok) return { ok: false, error: fileProblemText(copies.error) };

    const shapes = mt5ParameterShapes(config.value);
    const tensors = fromMemory(
      new Map(
        [...initialiseMt5(config.value, params.seed)].map(([name, data]) => [
          name,
          { dtype: 'float32', shape: shapes.get(name) ?? [], data },
        ]),
      ),
    );
    const written = await writeMt5Folder(
      outs.model,
      { config: config.value, generation: generation.value, tensors },
      {
        copies: copies.value,
        tokenizerJson: await convertedTokenizer(deps.sizes),
        card: cardOf(config.value.modelType, params.seed),
      },
    );
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});

/** A model card as the hub reads it. */
const cardOf = (type: string, seed: number): string => `---
library_name: transformers
tags:
- ${type}
- research-only
---

# ${type} with random weights

Random weights (seed ${seed}) as a start for pre-training: the model cannot answer questions yet. For research
only; not medical advice.
`;
