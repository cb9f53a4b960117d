import { fileProblemText } from '../src/files/file-problem.ts';
import { isJsonObject, readJson } from '../src/files/json.ts';
import { parseGenerationConfig } from '../src/ml/checkpoint/generation-config.ts';
import { held } from '../src/ml/checkpoint/lazy-tensor.ts';
import { parseMt5Config } from '../src/ml/checkpoint/mt5-config.ts';
import { writeMt5Folder } from '../src/ml/checkpoint/mt5-folder.ts';
import { mt5ParameterShapes } from '../src/ml/checkpoint/mt5-parameters.ts';
import { initialiseMt5 } from '../src/ml/model/initialise-mt5.ts';
import { defineStage } from '../src/stage/define-stage.ts';

type TokenizerFile = 'vocabulary' | 'tokenizerConfig' | 'specialTokens';

/** A model of the given sizes with random weights, and its tokenizer: what a pre-training starts from. */
export const stage = defineStage<{ readonly seed: number }, 'config' | 'generation' | TokenizerFile, 'model'>({
  params: { type: 'object', properties: { seed: { type: 'integer' } }, required: ['seed'], additionalProperties: false },
  deps: ['config', 'generation', 'vocabulary', 'tokenizerConfig', 'specialTokens'],
  outs: ['model'],
  async run({ params, deps, outs }) {
    const [configJson, generationJson] = [await readJson(deps.config), await readJson(deps.generation)];
    if (!configJson.ok) return { ok: false, error: fileProblemText(configJson.error) };
    if (!generationJson.ok) return { ok: false, error: fileProblemText(generationJson.error) };
    const config = parseMt5Config(isJsonObject(configJson.value) ? configJson.value : {}, deps.config);
    if (!config.ok) return { ok: false, error: fileProblemText(config.error) };
    const generation = parseGenerationConfig(isJsonObject(generationJson.value) ? generationJson.value : {}, deps.generation);
    if (!generation.ok) return { ok: false, error: fileProblemText(generation.error) };
    const shapes = mt5ParameterShapes(config.value);
    const tensors = held(new Map([...initialiseMt5(config.value, params.seed)].map(([name, data]) => [name, { dtype: 'float32', shape: shapes.get(name) ?? [], data }])));
    const written = await writeMt5Folder(outs.model, { config: config.value, generation: generation.value, tensors }, { copies: [deps.vocabulary, deps.tokenizerConfig, deps.specialTokens] });
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});
