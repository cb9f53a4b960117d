import { isJsonList, isJsonObject, type Json, type JsonObject, shownJson } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import { type AddedToken, specialToken } from './added-token.ts';
import { readAddedDecoder, readAddedEncoder, readAddedList, readAddedToken } from './read-added-tokens.ts';

/**
 * A folder's tokenizer settings beside the vocabulary. Those that it does not set are undefined: each kind of
 * tokenizer has defaults of its own.
 */
export interface TokenizerConfig {
  /** As in the folder: "T5Tokenizer", "BertTokenizerFast". */
  readonly className: string | undefined;
  readonly roles: Readonly<Record<Role, AddedToken | undefined>>;
  readonly additionalSpecialTokens: readonly AddedToken[] | undefined;
  /**
   * Tokens of added_tokens_decoder (or, where a folder has none, of added_tokens.json and tokenizer.json), by
   * id.
   */
  readonly addedTokens: ReadonlyMap<number, AddedToken>;
  readonly cleanUp: boolean | undefined;
  readonly modelMaxLength: number | undefined;
  /** T5: how many <extra_id_n> come after the vocabulary. */
  readonly extraIds: number | undefined;
  /** T5: whether spaces around special tokens are treated as before transformers 4.33. */
  readonly legacy: boolean | undefined;
  readonly addPrefixSpace: boolean | undefined;
  /**
   * T5: whether the folder sets it, so that transformers converts spiece.model again and ignores
   * tokenizer.json.
   */
  readonly setsPrefixSpace: boolean;
  /** BERT. */
  readonly lowerCase: boolean | undefined;
  readonly stripAccents: boolean | undefined;
  readonly splitChinese: boolean | undefined;
}

export type Role = 'bos' | 'eos' | 'unk' | 'sep' | 'pad' | 'cls' | 'mask';

/** The files of a folder that configure a tokenizer; missing ones are undefined. */
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

/**
 * As PreTrainedTokenizerBase._from_pretrained of transformers 4.57: the other files count only where
 * tokenizer_config.json lists no added tokens.
 */
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
  const fields: JsonObject = { ...config, ...overrides, ...joinedLists(config, overrides) };

  const token = (json: Json, where: string): AddedToken | undefined => {
    const read = typeof json === 'string' ? specialToken(json) : readAddedToken(json, true);
    if (read === undefined)
      problems.push(`${where} is ${shownJson(json)}: expected a string, or an object with "content"`);
    return read;
  };
  const value = <T extends Json>(
    name: string,
    expected: string,
    accept: (json: Json) => json is T,
  ): T | undefined => {
    const found = fields[name];
    if (found === undefined || found === null) return undefined;
    if (accept(found)) return found;
    problems.push(`${name} is ${shownJson(found)}: expected ${expected}`);
    return undefined;
  };
  const flag = (name: string): boolean | undefined =>
    value(name, 'true or false', (json) => typeof json === 'boolean');
  /** Where None counts as false instead of "not set", since Python only tests whether the value is true. */
  const boolean = (name: string): boolean | undefined => (fields[name] === null ? false : flag(name));
  // transformers 5 lists them under another name, which in version 4 is a map of named ones.
  const named = fields['extra_special_tokens'] ?? {};
  if (isJsonObject(named) && Object.keys(named).length > 0)
    problems.push(
      `extra_special_tokens is ${shownJson(named)}, which is not supported: expected a list, or no tokens`,
    );
  const listName = isJsonList(fields['extra_special_tokens'] ?? null) ? 'extra_special_tokens' : listName4;
  const list = value(listName, 'a list of tokens', isJsonList);

  const addedTokens = listed
    ? readAddedDecoder(objectOf(fields['added_tokens_decoder'], 'added_tokens_decoder'), problems)
    : new Map([
        ...readAddedEncoder(
          objectOf(files.addedTokens, 'added_tokens.json'),
          [...roleNames.map((role) => fields[`${role}_token`] ?? null), ...(list ?? [])],
          problems,
        ),
        ...readAddedList(
          isJsonObject(files.tokenizer) ? files.tokenizer['added_tokens'] : undefined,
          problems,
        ),
      ]);
  const flagged = new Map(Array.from(addedTokens.values(), (added) => [added.content, added]));
  const role = (name: Role): AddedToken | undefined => {
    const found = fields[`${name}_token`];
    const read = found === undefined || found === null ? undefined : token(found, `${name}_token`);
    return read && (flagged.get(read.content) ?? read);
  };
  const result: TokenizerConfig = {
    className: value('tokenizer_class', 'a string', (json) => typeof json === 'string'),
    roles: {
      bos: role('bos'),
      eos: role('eos'),
      unk: role('unk'),
      sep: role('sep'),
      pad: role('pad'),
      cls: role('cls'),
      mask: role('mask'),
    },
    additionalSpecialTokens: list?.flatMap((json, index) => token(json, `${listName}[${index}]`) ?? []),
    addedTokens,
    cleanUp: boolean('clean_up_tokenization_spaces'),
    // Python writes 10 ** 30 for no limit.
    modelMaxLength: value(
      'model_max_length',
      'a number from 1',
      (json): json is number => typeof json === 'number' && json >= 1,
    ),
    extraIds: value(
      'extra_ids',
      'an integer from 0 to 100000',
      (json): json is number =>
        typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= 100_000,
    ),
    legacy: flag('legacy'),
    addPrefixSpace: boolean('add_prefix_space'),
    setsPrefixSpace: (fields['add_prefix_space'] ?? null) !== null,
    lowerCase: boolean('do_lower_case'),
    stripAccents: flag('strip_accents'),
    splitChinese: boolean('tokenize_chinese_chars'),
  };
  for (const [name, fixed] of Object.entries(ignoredDefaults)) {
    const found = fields[name] ?? null;
    if (found !== null && JSON.stringify(found) !== JSON.stringify(fixed))
      problems.push(
        `${name} is ${shownJson(found)}, which is not supported: expected ${JSON.stringify(fixed)}`,
      );
  }
  return problems.length === 0 ? { ok: true, value: result } : { ok: false, error: problems.join('; ') };
}

/** Both files list special tokens: those of special_tokens_map.json are added to the others. */
function joinedLists(config: JsonObject, overrides: JsonObject): JsonObject {
  const [first = null, more = null] = [config[listName4], overrides[listName4]];
  if (!isJsonList(first) || !isJsonList(more)) return {};
  return { [listName4]: [...first, ...more.filter((token) => !first.includes(token))] };
}

const listName4 = 'additional_special_tokens';

/**
 * Other fields of transformers' tokenizers that change their behavior, and the value of each that has no
 * effect.
 */
const ignoredDefaults: JsonObject = {
  do_basic_tokenize: true,
  from_slow: false,
  never_split: [],
  padding_side: 'right',
  sp_model_kwargs: {},
  split_special_tokens: false,
  truncation_side: 'right',
};

/**
 * In transformers' order (SPECIAL_TOKENS_ATTRIBUTES), in which tokens that the vocabulary lacks are added.
 */
export const roleNames = [
  'bos',
  'eos',
  'unk',
  'sep',
  'pad',
  'cls',
  'mask',
] as const satisfies readonly Role[];
