import { isJsonList, isJsonObject, type Json } from '../../files/json.ts';
import type { SampledModel } from '../result-answers.ts';

/** Undefined: the file does not hold sampled answers. */
export function samplesIn(file: Json): Omit<SampledModel, 'instance'> | undefined {
  if (!isJsonObject(file) || !isJsonList(file['questions']) || !isJsonObject(file['answers']))
    return undefined;
  return {
    questions: file['questions'].map(String),
    answers: Object.fromEntries(
      Object.entries(file['answers']).map(([temperature, answers]) => [
        temperature,
        isJsonList(answers) ? answers.map(String) : [],
      ]),
    ),
  };
}
