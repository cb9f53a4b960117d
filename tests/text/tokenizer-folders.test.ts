import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/files/json.ts';
import { makeTokenizer } from '../../src/ml/text/make-tokenizer.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { goldenModel, goldenTokenizerJson } from './golden-tables.ts';
import { noFiles } from './no-files.ts';

/** What tests/golden/tokenizer-folders.py made. */
interface Folder {
  readonly config: Json;
  readonly special_tokens_map?: Json;
  readonly added_tokens?: Json;
  /** What the model calls its end. */
  readonly end: string;
  readonly tokenizer_json: boolean;
  readonly sentencepiece: readonly Row[];
  readonly transformers: readonly Row[];
}
interface Row {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
  readonly plain: string;
}

const folders: Readonly<Record<string, Folder>> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/tokenizers/folders.json'), 'utf8'),
);

describe.each(Object.entries(folders))('a T5 folder with %s', (_, folder) => {
  test.each(['sentencepiece', 'transformers'] as const)('tokenization %s', (tokenization) => {
    const tokenizer = valueOf(
      makeTokenizer(
        {
          ...noFiles,
          model: Buffer.from(
            goldenModel('bytes').toString('latin1').replaceAll('</s>', folder.end),
            'latin1',
          ),
          config: folder.config,
          specialTokensMap: folder.special_tokens_map,
          addedTokens: folder.added_tokens,
          tokenizer: folder.tokenizer_json ? goldenTokenizerJson('bytes') : undefined,
        },
        tokenization,
      ),
    );
    const rows = folder[tokenization].map(({ text }) => {
      const ids = tokenizer.encode(text);
      return {
        text,
        ids,
        decoded: tokenizer.decode(ids),
        plain: tokenizer.decode(ids, { skipSpecialTokens: true }),
      };
    });
    expect(rows).toEqual(folder[tokenization]);
  });
});
