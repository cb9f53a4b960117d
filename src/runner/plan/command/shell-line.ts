/** A word of a command line that may name a file: read, or written by a redirection or by tee. */
interface ShellWord {
  readonly text: string;
  readonly isWritten: boolean;
  /** Whether it is a program that is started. */
  readonly isCommand: boolean;
}

/**
 * The words of a line, as far as they can be split without a shell (POSIX 2.3, and bash's &> and &>>). The
 * character NUL represents a reference, and words that contain one.
 */
export function wordsOfLine(line: string): readonly ShellWord[] {
  const words: ShellWord[] = [];
  let redirection: string | undefined;
  // The program of the simple command that is being read.
  let command: string | undefined;
  for (const [token] of line.matchAll(tokens)) {
    if (/^[ \t\r]+$|^\\\n$/.test(token) || token.startsWith('#')) continue;
    if (/[<>]/.test(token) && !/['"\\]/.test(token)) redirection = token.replace(/^\d+/, '');
    else if (/^[\n;&|()]/.test(token)) [command, redirection] = [undefined, undefined];
    else {
      const text = unquoted(token);
      const isTarget = redirection !== undefined;
      const isCommand = !isTarget && command === undefined && !/^\w+=/.test(text) && !passedOver.has(text);
      words.push({
        text,
        isWritten:
          redirection === undefined
            ? isTee(command) && !isCommand
            : !['<', '<<', '<<-', '<<<'].includes(redirection),
        isCommand,
      });
      if (isCommand) command = text;
      redirection = undefined;
    }
  }
  return words;
}

const tokens = new RegExp(
  [
    /[ \t\r]+|\\\n/, // blanks, and a line that is continued
    /(?<=^|[\s;&|()])#[^\n]*/, // a comment
    /\d*(?:&>>|&>|<<<|<<-|<<|<>|<&|>>|>\||>&|<|>)/, // a redirection
    /&&|\|\||[\n;&|()]/, // the end of a command
    /(?:[^\s;&|()<>'"\\]|\\[^\n]|'[^']*'|"(?:[^"\\]|\\.)*"|['"\\])+/, // a word
  ]
    .map(({ source }) => source)
    .join('|'),
  'gs',
);

const unquoted = (word: string): string =>
  word.replace(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? '',
  );

const isTee = (command: string | undefined): boolean => command !== undefined && /^(.*\/)?tee$/.test(command);

/** Words that may precede the program's name. */
const passedOver: ReadonlySet<string> = new Set([
  '!',
  '{',
  'if',
  'then',
  'else',
  'elif',
  'while',
  'until',
  'do',
  'time',
  'exec',
  'command',
  'nohup',
  'sudo',
  'env',
]);
