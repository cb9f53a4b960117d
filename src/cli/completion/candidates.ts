import type { Command, Option } from 'commander';

/** A word that is possible at the cursor. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Completion candidates: the names in a pipeline that match the word being typed. */
export interface Names {
  readonly stages: readonly Candidate[];
  readonly instances: readonly Candidate[];
}

/** Returns the names of the pipeline that the options typed so far select. */
export type FindNames = (options: {
  readonly file?: string;
  readonly set: readonly string[];
}) => Promise<Names>;

/**
 * The candidates for completion: `words` is the command line after the program's name, its last word the one
 * being typed (empty: a new one). No candidates: a file, or a text that cannot be completed. `findNames` is
 * called only where a name of the pipeline is expected.
 */
export async function candidates(
  program: Command,
  words: readonly string[],
  findNames: FindNames,
): Promise<readonly Candidate[]> {
  const [name = '', ...rest] = words;
  if (rest.length === 0)
    return startingWith(name, [...(name === '' ? [] : optionsOf(program)), ...commandsOf(program)]);
  const command = visible(program).find((each) => each.name() === name);
  if (command === undefined) return [];
  const typed = readTyped(command, rest);
  const { option, value } = inOneWord(command, typed) ?? { option: typed.expects, value: typed.word };
  const before = typed.word.slice(0, typed.word.length - value.length);
  if (option !== undefined)
    return startingWith(
      value,
      await valuesOf(program, option.argChoices, placeholderOf(option), typed, findNames),
    ).map((each) => ({ ...each, value: before + each.value }));
  if (value.startsWith('-') && !typed.operandsOnly) return startingWith(value, optionsOf(command));
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[typed.operands] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined
    ? []
    : startingWith(value, await valuesOf(program, argument.argChoices, argument.name(), typed, findNames));
}

/** A command line up to the word that is being typed. */
interface Typed {
  readonly word: string;
  /** The option whose value the word is. */
  readonly expects: Option | undefined;
  /** How many operands precede it. */
  readonly operands: number;
  /** "--" precedes it: no word after that is an option. */
  readonly operandsOnly: boolean;
  /** Values of options so far, by long flag. */
  readonly given: ReadonlyMap<string, readonly string[]>;
}

function readTyped(command: Command, words: readonly string[]): Typed {
  const given = new Map<string, readonly string[]>();
  const give = (option: Option, value: string) =>
    given.set(option.long ?? '', [...(given.get(option.long ?? '') ?? []), value]);
  let expects: Option | undefined;
  let operands = 0;
  let operandsOnly = false;
  for (const word of words.slice(0, -1)) {
    if (expects?.required === true || (expects !== undefined && !word.startsWith('-'))) {
      give(expects, word);
      expects = undefined;
      continue;
    }
    expects = undefined;
    if (operandsOnly || !word.startsWith('-')) operands += 1;
    else if (word === '--') operandsOnly = true;
    else {
      const { flag, value } = splitWord(word);
      const option = optionOf(command, flag);
      if (option !== undefined && value !== undefined) give(option, value);
      else if (option?.required === true || option?.optional === true) expects = option;
    }
  }
  const word = words.at(-1) ?? '';
  // The value of an option that needs none is an option where it looks like one.
  return {
    word,
    expects: expects?.required === true || !word.startsWith('-') ? expects : undefined,
    operands,
    operandsOnly,
    given,
  };
}

/** "--format=do": option and value in the word that is being typed. */
function inOneWord(
  command: Command,
  { word, expects, operandsOnly }: Typed,
): { readonly option: Option; readonly value: string } | undefined {
  const { flag, value } = splitWord(word);
  const option =
    value === undefined || expects !== undefined || operandsOnly ? undefined : optionOf(command, flag);
  return option === undefined || value === undefined ? undefined : { option, value };
}

function splitWord(word: string): { readonly flag: string; readonly value: string | undefined } {
  const end = word.startsWith('--') ? word.indexOf('=') : -1;
  return end === -1
    ? { flag: word, value: undefined }
    : { flag: word.slice(0, end), value: word.slice(end + 1) };
}

const optionOf = (command: Command, flag: string): Option | undefined =>
  command.options.find(({ long, short }) => flag === long || flag === short);

/** "stage" of "--from <stage>". */
const placeholderOf = ({ flags }: Option): string => /[<[](.+?)[>\]]/.exec(flags)?.[1] ?? '';

async function valuesOf(
  program: Command,
  choices: readonly string[] | undefined,
  placeholder: string,
  { word, given }: Typed,
  findNames: FindNames,
): Promise<readonly Candidate[]> {
  if (choices !== undefined) return choices.map((value) => ({ value, description: '' }));
  const kind = meaningOf(placeholder);
  if (kind === 'text') return [];
  if (kind === 'command') return commandsOf(program);
  const file = given.get('--file')?.at(-1);
  const { stages, instances } = await findNames({
    set: given.get('--set') ?? [],
    ...(file === undefined ? {} : { file }),
  });
  const names = kind === 'stage' ? stages : kind === 'instance' ? instances : [...stages, ...instances];
  // A name is offered in the form in which it was begun; the one without brackets needs no quotes.
  return distinct(
    word.includes('[') ? names : names.map((name) => ({ ...name, value: withoutBrackets(name.value) })),
  );
}

/** The values of the placeholders in the usage of the commands. */
function meaningOf(placeholder: string): 'stage' | 'instance' | 'either' | 'command' | 'text' {
  switch (placeholder) {
    case 'stage':
      return 'stage';
    case 'instance':
    case 'first':
    case 'second':
      return 'instance';
    case 'names':
      return 'either';
    case 'command':
      return 'command';
    default:
      return 'text';
  }
}

const withoutBrackets = (id: string): string => id.replace(/^([^[\]]+)\[(.*)\]$/s, '$1:$2');

/** A stage without axes is its own instance. */
const distinct = (names: readonly Candidate[]): readonly Candidate[] => [
  ...new Map(names.map((name) => [name.value, name])).values(),
];

const visible = (program: Command): readonly Command[] => program.createHelp().visibleCommands(program);

const commandsOf = (program: Command): readonly Candidate[] =>
  visible(program).map((command) => ({ value: command.name(), description: command.description() }));

const optionsOf = (command: Command): readonly Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', description }));

const startingWith = (typed: string, all: readonly Candidate[]): readonly Candidate[] =>
  all.filter(({ value }) => value.startsWith(typed));
