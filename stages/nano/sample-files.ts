import { aimcCsv, huatuoJsonLines, questionsJson } from './raw-formats.ts';
import { samples } from './sample-data.ts';
import { tokenizerText } from './tokenizer-text.ts';

/** A quarter of the rows is the test set: 96 of 384. */
const rows = 384;
const questions = 15;

/** Every file of the sample data, by its path from the project root. */
export function sampleFiles(): readonly { readonly path: string; readonly text: string }[] {
  const aimc = samples({ seed: 1, language: 'en', rows, questions });
  const huatuo = samples({ seed: 2, language: 'zh', rows, questions });
  return [
    { path: 'data/raw/aimc/aimc.csv', text: aimcCsv(aimc.rows) },
    { path: 'data/raw/huatuo/huatuo.jsonl', text: huatuoJsonLines(huatuo.rows) },
    { path: 'data/questions/aimc.json', text: questionsJson(aimc.questions) },
    { path: 'data/questions/huatuo.json', text: questionsJson(huatuo.questions) },
    { path: 'data/tokenizer/text.txt', text: tokenizerText() },
  ];
}
