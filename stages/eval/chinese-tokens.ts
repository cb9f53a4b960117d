import { characterTokens, mixedTokens, type Tokenize, wordTokenizer } from '../../src/ml/metrics/tokenize.ts';

/**
 * What counts as a token in the multilingual profile: ideographs and runs of letters, every character, or
 * jieba's words.
 */
export type ChineseTokens = 'mixed' | 'characters' | 'words';

/** jieba and its dictionary are imported lazily. */
export async function tokenizerNamed(name: ChineseTokens): Promise<Tokenize> {
  switch (name) {
    case 'mixed':
      return mixedTokens;
    case 'characters':
      return characterTokens;
    case 'words': {
      const { Jieba } = await import('@node-rs/jieba');
      const { dict } = await import('@node-rs/jieba/dict.js');
      const jieba = Jieba.withDict(dict);
      return wordTokenizer((text) => jieba.cut(text, true));
    }
  }
}
