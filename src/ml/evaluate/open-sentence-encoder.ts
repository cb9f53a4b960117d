import { fileProblemText } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { type LazyTensors, loadAllFloat32 } from '../checkpoint/lazy-tensor.ts';
import { type ModelFolder, openModelFolder } from '../checkpoint/model-folder.ts';
import { bertFeeds, bertGraph } from '../model/bert.ts';
import { encoderBatches } from '../model/encoder-batches.ts';
import { encoderGraph } from '../model/mt5-encoder.ts';
import { sourceFeeds } from '../model/mt5-feeds.ts';
import { plainTrace } from '../model/mt5-trace.ts';
import type { HostValue, Runtime } from '../runtime/runtime.ts';
import { textAt } from '../tensor/attribute.ts';
import type { Graph } from '../tensor/node.ts';
import { inputsFirst } from '../tensor/walk.ts';
import { openTokenizer } from '../text/open-tokenizer.ts';
import { pythonStrip } from '../text/python-text.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import type { SentenceEncoder } from './sentence-encoder.ts';

export interface SentenceEncoderOptions {
  /** Whose states are taken: 0 the embeddings, 1 the first layer's; null: the last layer's. */
  readonly layer: number | null;
  /** The model's name in reports. */
  readonly name: string;
  readonly tokenization: 'sentencepiece' | 'transformers';
}

/**
 * Any encoder folder as a sentence encoder: a BERT, or the encoder of an mT5. Layers above the requested one
 * are not computed.
 */
export async function openSentenceEncoder(
  folder: string,
  runtime: Runtime,
  { layer, name, tokenization }: SentenceEncoderOptions,
): Promise<Result<SentenceEncoder>> {
  const opened = await openModelFolder(folder);
  if (!opened.ok) return { ok: false, error: fileProblemText(opened.error) };
  const tokenizer = await openTokenizer(folder, { tokenization });
  if (!tokenizer.ok) return tokenizer;
  const family = familyOf(opened.value, layer);
  if (family.layer > family.layers)
    return {
      ok: false,
      error: `${folder} has ${family.layers} layers: layer ${family.layer} does not exist`,
    };
  const weights = await loadWeights(opened.value.tensors, family.graph);
  if (!weights.ok) return weights;
  const session = await runtime.open({ constants: weights.value, entries: { encode: family.graph } });
  return {
    ok: true,
    value: {
      label: `${name} encoder, layer ${family.layer}`,
      tokenize: (text) =>
        tokensOf(text, tokenizer.value, Math.min(family.longest, tokenizer.value.modelMaxLength)),
      separators: family.hasSeparators ? specialOf(tokenizer.value) : [],
      width: family.width,
      async embed(rows) {
        const vectors: Float32Array[] = [];
        for (const batch of encoderBatches(rows)) {
          const { [`hidden.${family.layer}`]: states } = await session.run('encode', family.feeds(batch));
          if (states?.dtype !== 'float32') throw new Error('the encoder returned no states');
          let token = 0;
          for (const { length } of batch) {
            vectors.push(states.data.slice(token * family.width, (token + length) * family.width));
            token += length;
          }
        }
        return vectors;
      },
    },
  };
}

interface Family {
  readonly layer: number;
  readonly layers: number;
  readonly width: number;
  /** The most tokens that it takes. */
  readonly longest: number;
  /** Whether its special tokens separate texts, as bert_score knows them: sep_token and cls_token. */
  readonly hasSeparators: boolean;
  readonly graph: Graph;
  readonly feeds: (rows: readonly (readonly number[])[]) => Readonly<Record<string, HostValue>>;
}

function familyOf(folder: ModelFolder, wanted: number | null): Family {
  if (folder.kind === 'bert') {
    const { config } = folder;
    const layer = wanted ?? config.numHiddenLayers;
    return {
      layer,
      layers: config.numHiddenLayers,
      width: config.hiddenSize,
      longest: config.maxPositionEmbeddings,
      hasSeparators: true,
      graph: only(bertGraph(config, layer), layer),
      feeds: (rows) => bertFeeds(rows),
    };
  }
  const { config } = folder;
  const layer = wanted ?? config.numLayers;
  return {
    layer,
    layers: config.numLayers,
    width: config.dModel,
    longest: Infinity,
    hasSeparators: false,
    graph: only(encoderGraph(plainTrace(config), layer), layer),
    feeds: (rows) => sourceFeeds(rows, config),
  };
}

/** The graph of one layer's states: the other outputs would be copied for nothing. */
function only({ outputs }: Graph, layer: number): Graph {
  const states = outputs[`hidden.${layer}`];
  return { outputs: states === undefined ? {} : { [`hidden.${layer}`]: states } };
}

/**
 * As bert_score encodes: stripped as Python strips, truncated to the maximum length in the tokenizer's
 * folder, and only special tokens for a text without words.
 */
function tokensOf(text: string, tokenizer: Tokenizer, longest: number): readonly number[] {
  const stripped = pythonStrip(text);
  return stripped === '' ? specialOf(tokenizer) : tokenizer.encode(stripped, { maxLength: longest });
}

const specialOf = ({ special: { start, end } }: Tokenizer): readonly number[] =>
  start === undefined ? [end] : [start, end];

/** The parameters that the graph reads. */
async function loadWeights(
  tensors: LazyTensors,
  graph: Graph,
): Promise<Result<Readonly<Record<string, HostValue>>>> {
  const read = new Set(
    inputsFirst(Object.values(graph.outputs)).flatMap(({ op, attributes }) =>
      op === 'Input' ? [textAt(attributes, 'name')] : [],
    ),
  );
  const loaded = await loadAllFloat32(new Map([...tensors].filter(([name]) => read.has(name))));
  if (!loaded.ok) return { ok: false, error: fileProblemText(loaded.error) };
  return {
    ok: true,
    value: Object.fromEntries(
      [...loaded.value].map(([name, data]) => [
        name,
        { dtype: 'float32', shape: tensors.get(name)?.shape ?? [], data },
      ]),
    ),
  };
}
