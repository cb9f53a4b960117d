import { isJsonObject, type Json, type JsonObject } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import { type AddedToken, specialToken } from './added-token.ts';

/** What a folder says of its tokenizer beside the vocabulary. What it leaves open is undefined: each kind of tokenizer has defaults of its own. */
export interface TokenizerConfig {
  /** As in the folder: "T5Tokenizer", "BertTokenizerFast". */
  readonly className: string | undefined;
  readonly roles: Readonly<Record<Role, AddedToken | undefined>>;
  readonly additionalSpecialTokens: readonly AddedToken[] | undefined;
  /** Tokens of added_tokens_decoder (or, where a folder has none, of added_tokens.json and tokenizer.json), by id. */
  readonly addedTokens: ReadonlyMap<number, AddedToken>;
  readonly cleanUp: boolean | undefined;
  /** T5: how many <extra_id_n> come after the vocabulary. */
  readonly extraIds: number | undefined;
  /** T5: whether spaces around special tokens are treated as before transformers 4.33. */
  readonly legacy: boolean | undefined;
  readonly addPrefixSpace: boolean | undefined;
  /** BERT. */
  readonly lowerCase: boolean | undefined;
  readonly stripAccents: boolean | undefined;
  readonly splitChinese: boolean | undefined;
}

export type Role = 'bos' | 'eos' | 'unk' | 'sep' | 'pad' | 'cls' | 'mask';

/** The files of a folder that say it; those that it lacks are undefined. */
export interface TokenizerConfigFiles {
  /** tokenizer_config.json */
  readonly config: Json | undefined;
  /** special_tokens_map.json */
  readonly specialTokensMap: Json | undefined;
  /** added_tokens.json */
  readonly addedTokens: Json | undefined;
  /** tokenizer.json */
  readonly tokenizer: Json | undefined;
}

/** As PreTrainedTokenizerBase._from_pretrained of transformers 4.57: the other files count only where tokenizer_config.json lists no added tokens. */
export function readTokenizerConfig(files: TokenizerConfigFiles): Result<TokenizerConfig> {
  const problems: string[] = [];
  const objectOf = (json: Json | undefined, file: string): JsonObject => {
    if (json === undefined || isJsonObject(json)) return json ?? {};
    problems.push(`${file} is not a JSON object`);
    return {};
  };
  const config = objectOf(files.config, 'tokenizer_config.json');
  const listed = config['added_tokens_decoder'] !== undefined && config['added_tokens_decoder'] !== null;
  const overrides = listed ? {} : objectOf(files.specialTokensMap, 'special_tokens_map.json');
  const fields: JsonObject = { ...config, ...overrides };

  const token = (json: Json, where: string): AddedToken | undefined => {
    const read = typeof json === 'string' ? specialToken(json) : readAddedToken(json, true);
    if (read === undefined) problems.push(`${where} is ${shown(json)}: expected a text, or an object with "content"`);
    return read;
  };
  const value = <T extends Json>(name: string, expected: string, accept: (json: Json) => json is T): T | undefined => {
    const found = fields[name];
    if (found === undefined || found === null) return undefined;
    if (accept(found)) return found;
    problems.push(`${name} is ${shown(found)}: expected ${expected}`);
    return undefined;
  };
  const flag = (name: string): boolean | undefined => value(name, 'true or false', (json) => typeof json === 'boolean');
  /** Where None is not "not set" but counts as false, as wherever Python only asks whether it is true. */
  const truth = (name: string): boolean | undefined => (fields[name] === null ? false : flag(name));
  const list = value('additional_special_tokens', 'a list of tokens', (json): json is readonly Json[] => Array.isArray(json));

  const addedTokens = listed
    ? readDecoder(objectOf(fields['added_tokens_decoder'], 'added_tokens_decoder'), problems)
    : new Map([
        ...readEncoder(objectOf(files.addedTokens, 'added_tokens.json'), [...roleNames.map((role) => fields[`${role}_token`] ?? null), ...(list ?? [])], problems),
        ...readAddedList(isJsonObject(files.tokenizer) ? files.tokenizer['added_tokens'] : undefined, problems),
      ]);
  const flagged = new Map(Array.from(addedTokens.values(), (added) => [added.content, added]));
  const role = (name: Role): AddedToken | undefined => {
    const found = fields[`${name}_token`];
    const read = found === undefined || found === null ? undefined : token(found, `${name}_token`);
    return read && (flagged.get(read.content) ?? read);
  };
  const result: TokenizerConfig = {
    className: value('tokenizer_class', 'a text', (json) => typeof json === 'string'),
    roles: { bos: role('bos'), eos: role('eos'), unk: role('unk'), sep: role('sep'), pad: role('pad'), cls: role('cls'), mask: role('mask') },
    additionalSpecialTokens: list?.flatMap((json, index) => token(json, `additional_special_tokens[${index}]`) ?? []),
    addedTokens,
    cleanUp: truth('clean_up_tokenization_spaces'),
    extraIds: value('extra_ids', 'an integer from 0 to 100000', (json): json is number => typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= 100_000),
    legacy: flag('legacy'),
    addPrefixSpace: truth('add_prefix_space'),
    lowerCase: truth('do_lower_case'),
    stripAccents: flag('strip_accents'),
    splitChinese: truth('tokenize_chinese_chars'),
  };
  return problems.length === 0 ? { ok: true, value: result } : { ok: false, error: problems.join('; ') };
}

/** An added token as transformers and tokenizers write one; undefined where it is none. `special`: counts as special whatever it says. */
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

/** In transformers' order (SPECIAL_TOKENS_ATTRIBUTES), in which tokens that the vocabulary lacks are added. */
export const roleNames = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const satisfies readonly Role[];

/** The `added_tokens` of a tokenizer.json. */
export function readAddedList(json: Json | undefined, problems: string[]): ReadonlyMap<number, AddedToken> {
  const tokens = new Map<number, AddedToken>();
  for (const entry of Array.isArray(json) ? json : []) {
    const token = readAddedToken(entry);
    const id = isJsonObject(entry) ? entry['id'] : undefined;
    if (token === undefined || !isTokenId(id)) problems.push(`added_tokens of tokenizer.json has ${shown(entry)}: expected an id up to ${largestId} and a content`);
    else tokens.set(id, token);
  }
  return tokens;
}

const isTokenId = (id: Json | undefined): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= largestId;

/** An id past this is no token's: it would make an embedding larger than any. */
const largestId = 10_000_000;

function readDecoder(decoder: JsonObject, problems: string[]): ReadonlyMap<number, AddedToken> {
  const tokens = new Map<number, AddedToken>();
  for (const [id, json] of Object.entries(decoder)) {
    const token = readAddedToken(json);
    if (token === undefined || !/^\d{1,8}$/.test(id) || Number(id) > largestId) problems.push(`added_tokens_decoder has ${JSON.stringify(id)}: ${shown(json)}: expected an id up to ${largestId} and an object with "content"`);
    else tokens.set(Number(id), token);
  }
  return tokens;
}

function readEncoder(encoder: JsonObject, specials: readonly Json[], problems: string[]): ReadonlyMap<number, AddedToken> {
  const contents = new Set(specials.map((json) => (isJsonObject(json) ? json['content'] : json)));
  const tokens = new Map<number, AddedToken>();
  for (const [content, id] of Object.entries(encoder)) {
    const special = contents.has(content);
    if (!isTokenId(id)) problems.push(`added_tokens.json gives ${JSON.stringify(content)} the id ${shown(id)}: expected an integer up to ${largestId}`);
    else tokens.set(id, { ...specialToken(content), special, normalized: !special });
  }
  return tokens;
}

function shown(json: Json): string {
  const text = JSON.stringify(json);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
