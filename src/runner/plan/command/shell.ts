/**
 * What a place in a line for /bin/sh is inside of, when that keeps a quoted word from meaning itself there;
 * undefined where it means itself. `text` is the line from its start, or from the last quoted word
 * (`afterWord`), to the place. Quoting rules: POSIX Shell Command Language 2.2, 2.3 and 2.6. Where shells
 * disagree, or where nesting would have to be understood to be sure, the answer is cautious: what is refused
 * here can always be written in another way.
 */
export function shellEnclosure(text: string, afterWord: boolean): string | undefined {
  const token = /\\(?:.|$)|'|"|`|\$['"]|\$\{|\$\(\(|<<|#|\$$/gsy;
  let index = 0;
  // Whether a "#" at this place would start a comment: it does where a word could start.
  let wordStart = !afterWord;
  while (index < text.length) {
    token.lastIndex = index;
    const found = token.exec(text)?.[0];
    if (found === undefined) wordStart = separator.test(text.charAt(index++));
    else {
      const next = afterToken(text, index, found, wordStart);
      if (typeof next === 'string') return next;
      // A backslash before a line end takes both away, as if the lines were one.
      if (found !== '\\\n') wordStart = found === '#' && text[next - 1] === '\n';
      index = next;
    }
  }
  return undefined;
}

/** What ends a word: to the shell, other white space than this is text. */
const separator = /[ \t\n;&|()<>]/;

/**
 * Where a quoted part or an expansion ends that starts here; or, if the place at the end of the text is
 * inside of it, what it is.
 */
function afterToken(text: string, index: number, token: string, wordStart: boolean): number | string {
  switch (token) {
    case '\\':
      return 'an escape: "\\" is before it';
    case '$':
      return 'an expansion: "$" is before it';
    case "'":
      return closed(text, index, /'[^']*'/y, 'single quotes');
    case '"':
      return closed(text, index, doubleQuoted, 'double quotes');
    case '`':
      return closed(text, index, /`[^`\\'"]*`/y, 'backquotes');
    case "$'":
    case '$"':
      return `a ${token}…${token.charAt(1)} quotation, which shells read differently`;
    case '${':
      return closed(text, index, simpleParameter, 'a parameter expansion');
    case '$((':
      return closed(text, index, simpleArithmetic, 'an arithmetic expansion');
    case '<<':
      return 'a here-document';
    case '\\\n':
      return joinsToken(text, index) ? 'a line that goes on in the middle of a word' : index + 2;
    case '#':
      return wordStart ? closed(text, index, /#[^\n]*\n/y, 'a comment') : index + 1;
    default:
      return index + token.length;
  }
}

/** A backslash and a line end between two characters that are one token together, such as << or ${. */
const joinsToken = (text: string, index: number): boolean =>
  /[^ \t\n]/.test(text.charAt(index - 1)) &&
  (/[^ \t\n]/.test(text.charAt(index + 2)) || text[index - 1] === '$');

function closed(text: string, index: number, whole: RegExp, name: string): number | string {
  whole.lastIndex = index;
  const found = whole.exec(text)?.[0];
  return found === undefined ? name : index + found.length;
}

const simpleParameter = /\$\{[\w#?@*!:=+-]*\}/y;
const simpleArithmetic = /\$\(\([^'"`\\$]*?\)\)/y;

/**
 * Quotes without quotes inside of them: a command substitution is passed over only where none can hide in it.
 */
const doubleQuoted = /"(?:[^"\\$`]|\\.|\$\{[\w#?@*!:=+-]*\}|\$\([^'"`\\()]*\)|\$(?![({]))*"/sy;
