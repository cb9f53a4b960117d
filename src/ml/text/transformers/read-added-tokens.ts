import { isJsonObject, type Json, type JsonObject, shownJson } from '../../../files/json.ts';
import { type AddedToken, specialToken } from './added-token.ts';
import type { AddedTokens } from './added-tokens.ts';

/**
 * An added token as transformers and tokenizers write it; undefined for anything else. `special`: treats it
 * as special regardless of its own flag.
 */
export function readAddedToken(json: Json, special = false): AddedToken | undefined {
  if (!isJsonObject(json) || typeof json['content'] !== 'string') return undefined;
  const isSpecial = special || json['special'] === true;
  return {
    content: json['content'],
    special: isSpecial,
    normalized: typeof json['normalized'] === 'boolean' ? json['normalized'] : !isSpecial,
    lstrip: json['lstrip'] === true,
    rstrip: json['rstrip'] === true,
    singleWord: json['single_word'] === true,
  };
}

/** The `added_tokens` of a tokenizer.json. */
export function readAddedList(json: Json | undefined, problems: string[]): AddedTokens {
  const tokens = new Map<number, AddedToken>();
  for (const entry of Array.isArray(json) ? json : []) {
    const token = readAddedToken(entry);
    const id = isJsonObject(entry) ? entry['id'] : undefined;
    if (token === undefined || !isTokenId(id))
      problems.push(
        `added_tokens of tokenizer.json has ${shownJson(entry)}: ` +
          `expected an id up to ${largestId} and a content`,
      );
    else tokens.set(id, token);
  }
  return tokens;
}

/** The `added_tokens_decoder` of a tokenizer_config.json. */
export function readAddedDecoder(decoder: JsonObject, problems: string[]): AddedTokens {
  const tokens = new Map<number, AddedToken>();
  for (const [id, json] of Object.entries(decoder)) {
    const token = readAddedToken(json);
    if (token === undefined || !/^\d{1,8}$/.test(id) || Number(id) > largestId)
      problems.push(
        `added_tokens_decoder has ${JSON.stringify(id)}: ${shownJson(json)}: expected an id up to ` +
          `${largestId} and an object with "content"`,
      );
    else tokens.set(Number(id), token);
  }
  return tokens;
}

/** An added_tokens.json; `specials` are the tokens that have a role. */
export function readAddedEncoder(
  encoder: JsonObject,
  specials: readonly Json[],
  problems: string[],
): AddedTokens {
  const contents = new Set(specials.map((json) => (isJsonObject(json) ? json['content'] : json)));
  const tokens = new Map<number, AddedToken>();
  for (const [content, id] of Object.entries(encoder)) {
    const special = contents.has(content);
    if (!isTokenId(id))
      problems.push(
        `added_tokens.json gives ${JSON.stringify(content)} the id ${shownJson(id)}: expected an ` +
          `integer up to ${largestId}`,
      );
    else tokens.set(id, { ...specialToken(content), special, normalized: !special });
  }
  return tokens;
}

const isTokenId = (id: Json | undefined): id is number =>
  typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= largestId;

/** The largest id of a token: a larger one would make an embedding of impossible size. */
const largestId = 10_000_000;
