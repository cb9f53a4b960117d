/** A text as one word of /bin/sh, whatever it holds but NUL: in single quotes, each single quote outside of them. POSIX 2.2.2. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * What a place in a line for /bin/sh is inside of, when that keeps a quoted word from meaning itself there; undefined
 * where it means itself. `text` is the line from its start, or from the last quoted word (`afterWord`), to the place.
 * Quoting rules: POSIX Shell Command Language 2.2, 2.3 and 2.6. Where shells disagree, or where nesting would have to be
 * understood to be sure, the answer is cautious: what is refused here can always be written in another way.
 */
export function shellEnclosure(text: string, afterWord: boolean): string | undefined {
  const token = /\\(?:.|$)|'|"|`|\$['"]|\$\{|\$\(\(|<<|#|\$$/gsy;
  let index = 0;
  while (index < text.length) {
    token.lastIndex = index;
    const found = token.exec(text)?.[0];
    if (found === undefined) index++;
    else {
      const next = afterToken(text, index, found, afterWord);
      if (typeof next === 'string') return next;
      index = next;
    }
  }
  return undefined;
}

/** Where a quoted part or an expansion ends that starts here; or, if the place at the end of the text is inside of it, what it is. */
function afterToken(text: string, index: number, token: string, afterWord: boolean): number | string {
  switch (token) {
    case '\\': return 'an escape: "\\" stands before it';
    case '$': return 'an expansion: "$" stands before it';
    case "'": return closed(text, index, /'[^']*'/y, 'single quotes');
    case '"': return closed(text, index, doubleQuoted, 'double quotes');
    case '`': return closed(text, index, /`[^`\\'"]*`/y, 'backquotes');
    case '$\'': case '$"': return `a ${token}…${token.charAt(1)} quotation, which shells read differently`;
    case '${': return closed(text, index, simpleParameter, 'a parameter expansion');
    case '$((': return closed(text, index, simpleArithmetic, 'an arithmetic expansion');
    case '<<': return 'a here-document';
    case '#': return startsWord(text, index, afterWord) ? closed(text, index, /#[^\n]*\n/y, 'a comment') : index + 1;
    default: return index + token.length;
  }
}

function closed(text: string, index: number, whole: RegExp, name: string): number | string {
  whole.lastIndex = index;
  const found = whole.exec(text)?.[0];
  return found === undefined ? name : index + found.length;
}

const simpleParameter = /\$\{[\w#?@*!:=+-]*\}/y;
const simpleArithmetic = /\$\(\([^'"`\\$]*?\)\)/y;

/** Quotes without quotes inside of them: a command substitution is passed over only where none can hide in it. */
const doubleQuoted = /"(?:[^"\\$`]|\\.|\$\{[\w#?@*!:=+-]*\}|\$\([^'"`\\()]*\)|\$(?![({]))*"/sy;

const startsWord = (text: string, index: number, afterWord: boolean): boolean =>
  index === 0 ? !afterWord : /[\s;&|()<>]/.test(text.charAt(index - 1));
