import type { CST, YAMLParseError } from 'yaml';
import type { Diagnostic } from '../../diagnostic.ts';

/**
 * Syntax faults of a YAML text, described in terms of the text; the parser's own messages describe its
 * internal state, and often point at the line after the fault.
 */
export function syntaxFault(
  file: string,
  text: string,
  tokens: readonly CST.Token[],
  error: YAMLParseError,
): Diagnostic {
  const { message, offset, length, help } = words(text, tokens, error);
  return {
    severity: 'error',
    code: 'yaml-syntax',
    message,
    at: { file, offset, length },
    ...(help === undefined ? {} : { help }),
  };
}

interface Words {
  readonly message: string;
  readonly offset: number;
  readonly length: number;
  readonly help?: string;
}

function words(
  text: string,
  tokens: readonly CST.Token[],
  { code, message, pos: [start, end] }: YAMLParseError,
): Words {
  const here = { offset: start, length: Math.max(1, end - start) };
  const marked = text.slice(start, end);
  if (text.slice(start - 1, start + 1) === '${')
    return {
      ...here,
      message: 'inside { } and [ ] a reference needs quotes',
      help: `write "${text.slice(start - 1).split('}', 1)[0]}}"`,
    };
  if (/^[ \t]*\t/.test(text.slice(lineStart(text, start), start + 1)))
    return {
      ...here,
      message: 'there is a tab in the indentation',
      help: 'indent with spaces: YAML allows no tabs there',
    };
  if (/^Flow (map|sequence)/.test(message)) return unclosedFlow(tokens, start) ?? { ...here, message };
  switch (code) {
    case 'MULTILINE_IMPLICIT_KEY':
      return missingColon(text, start);
    case 'MISSING_CHAR':
      return message.includes('map values')
        ? missingColon(text, start)
        : (unclosedQuote(tokens) ?? { ...here, message });
    case 'BAD_INDENT':
      return badIndent(text, start);
    case 'BLOCK_AS_IMPLICIT_KEY':
      return message.includes('sequence') ? badIndent(text, start) : secondValue(text, start);
    case 'BLOCK_IN_FLOW':
      return {
        ...here,
        message: 'a comma is missing between two names',
        help: 'a text with ": " in it needs quotes',
      };
    case 'BAD_SCALAR_START':
      return { ...here, message: `a text that begins with ${marked} needs quotes` };
    case 'BAD_DQ_ESCAPE':
      return {
        ...here,
        message: `${text.slice(start, start + 2)} is not an escape sequence in double quotes`,
        help: 'use single quotes, or write the backslash twice',
      };
    case 'BAD_ALIAS':
      return { ...here, message: `a text that begins with ${marked} needs quotes` };
    case 'UNEXPECTED_TOKEN':
      return unexpected(text, here, message);
    default:
      return { ...here, message };
  }
}

const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;

/** Of the line that a place is in: what is written in it, without its indentation. */
function lineAt(
  text: string,
  offset: number,
): { readonly offset: number; readonly length: number; readonly text: string } {
  const from = lineStart(text, offset);
  const [line = ''] = text.slice(from).split(/\r?\n/, 1);
  const written = line.trim();
  return { offset: from + line.indexOf(written), length: Math.max(1, written.length), text: written };
}

function missingColon(text: string, start: number): Words {
  const { text: line, ...at } = lineAt(text, start);
  const name = /^([^\s:"'{[]+):(\S.*)$/.exec(line);
  return {
    ...at,
    message: 'expected ": " between a name and its value',
    ...(name === null ? {} : { help: `write "${name[1]}: ${name[2]}", with a space` }),
  };
}

function unexpected(text: string, here: Pick<Words, 'offset' | 'length'>, message: string): Words {
  const marked = text.slice(here.offset, here.offset + here.length);
  if (/^[}\]]$/.test(marked)) return { ...here, message: `this ${marked} closes nothing` };
  if (message.startsWith('Unexpected block-seq-ind'))
    return {
      ...here,
      message: 'a list begins on the line below its name; a text that begins with - needs quotes',
    };
  const [rest = ''] = text.slice(here.offset).split(/\r?\n/, 1);
  const toEndOfLine = { offset: here.offset, length: Math.max(1, rest.trimEnd().length) };
  // A command such as `"my tool" --fast` or `[ -f x ] && y`.
  if (message.endsWith('at node end'))
    return {
      ...toEndOfLine,
      message:
        'the value ends before this: a text that begins with ", \', [, { or * needs quotes around all of it',
      help: "put all of it in single quotes, in which '' means ', or on the line below after |",
    };
  if (message.startsWith('Not a YAML token') && /[|>][^\n]*$/.test(text.slice(0, here.offset)))
    return {
      ...toEndOfLine,
      message: 'a text after | or > begins on the line below; one that begins with | or > needs quotes',
    };
  return { ...here, message };
}

/** The parser is at the start of a line, or of the blank lines above it. */
function badIndent(text: string, start: number): Words {
  const nothing = /(?:[^\S\n]*(?:#[^\n]*)?\n)*/y;
  nothing.lastIndex = lineStart(text, start);
  nothing.exec(text);
  const { text: _, ...at } = lineAt(text, nothing.lastIndex);
  return { ...at, message: 'this line is not aligned with the lines that it belongs to' };
}

/**
 * A name or a map in the value of a name on the same line: a text that looks like a name, or a line below it.
 */
function secondValue(text: string, start: number): Words {
  const [value = ''] = text.slice(start).split(/\r?\n/, 1);
  if (/:(\s|$)/.test(value))
    return {
      offset: start,
      length: value.length,
      message: 'a text with ": " in it needs quotes',
      help: `write ${JSON.stringify(value.trim())}`,
    };
  return {
    ...badIndent(text, text.indexOf('\n', start) + 1),
    message: 'this line is indented below a name that already has a value',
  };
}

/** The last bracket that was opened before a place and is not closed. */
function unclosedFlow(tokens: readonly CST.Token[], before: number): Words | undefined {
  const open = [...allTokens(tokens)]
    .flatMap((token) =>
      token.type === 'flow-collection' && token.start.offset < before && !isClosed(token)
        ? [token.start]
        : [],
    )
    .at(-1);
  return (
    open && {
      offset: open.offset,
      length: 1,
      message: `this ${open.source} is not closed, or its content is not indented`,
    }
  );
}

const isClosed = ({ end }: CST.FlowCollection): boolean =>
  end.some(({ type }) => type === 'flow-map-end' || type === 'flow-seq-end');

/** A quoted text that runs to the end of the document. */
function unclosedQuote(tokens: readonly CST.Token[]): Words | undefined {
  const open = [...allTokens(tokens)]
    .flatMap((token) =>
      token.type === 'double-quoted-scalar' || token.type === 'single-quoted-scalar' ? [token] : [],
    )
    .at(-1);
  return open && { offset: open.offset, length: 1, message: `this ${open.source.charAt(0)} is never closed` };
}

/** In the order of the text. As deep as the parser's stack was allowed to be. */
function* allTokens(tokens: readonly (CST.Token | null | undefined)[]): Generator<CST.Token> {
  for (const token of tokens) {
    if (token === null || token === undefined) continue;
    yield token;
    if (token.type === 'document') yield* allTokens([token.value]);
    if ('items' in token) for (const item of token.items) yield* allTokens([item.key, item.value]);
  }
}
