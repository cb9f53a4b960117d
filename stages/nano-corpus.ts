import { fileProblemText } from '../src/files/file-problem.ts';
import { writeJsonLines } from '../src/files/json-lines.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { corpusRows, type CorpusOptions } from './nano/corpus.ts';

/** The made-up texts that the nano model is pre-trained on: span corruption and text-to-text tasks, mixed. */
export const stage = defineStage<CorpusOptions, never, 'corpus'>({
  params: {
    type: 'object',
    properties: {
      seed: { type: 'integer' },
      spans: { type: 'integer', minimum: 0 },
      pairs: { type: 'integer', minimum: 0 },
    },
    required: ['seed', 'spans', 'pairs'],
    additionalProperties: false,
  },
  deps: [],
  outs: ['corpus'],
  async run({ params, outs }) {
    const written = await writeJsonLines(outs.corpus, corpusRows(params));
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});
