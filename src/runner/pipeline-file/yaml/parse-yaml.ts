import {
  Composer,
  Lexer,
  Parser,
  YAMLParseError,
  type CST,
  type ErrorCode,
  type Document,
  type ParsedNode,
} from 'yaml';
import type { Diagnostic, Report } from '../../diagnostic.ts';
import { guardText, limits, tooLarge } from './guard.ts';
import type { Node } from './node.ts';
import { syntaxFault } from './syntax-fault.ts';
import { toNode } from './to-node.ts';

/**
 * Parses one document of YAML 1.2 (core schema; anchors, aliases and `<<`) into nodes with positions. Hostile
 * text is refused early: the parser is fed token by token, so that depth and number are limited before they
 * cost. Undefined where nothing can be read; every fault is reported.
 */
export function parseYaml(file: string, text: string, report: Report): Node | undefined {
  const refused = guardText(file, text);
  if (refused !== undefined) return void report(refused);
  const tokens = tokensOf(file, text);
  if (!Array.isArray(tokens)) return void report(tokens);
  const {
    list: [document, second],
    error,
  } = compose(tokens, text.length);
  if (error !== undefined) return void report(syntaxFault(file, text, tokens, error));
  if (second !== undefined)
    report({
      severity: 'error',
      code: 'many-documents',
      message: 'a second document starts here: a pipeline file is one document',
      at: { file, offset: second.range[0], length: 1 },
    });
  if (document === undefined) return undefined;
  const version = document.directives?.yaml;
  if (version?.explicit === true && version.version !== '1.2') {
    report({
      severity: 'error',
      code: 'yaml-version',
      message: `YAML ${version.version} reads some values differently: only 1.2 is supported`,
      at: { file, offset: 0, length: 1 },
    });
  }
  return toNode(document.contents, file, text, report);
}

/**
 * The top-level tokens, or why the text is refused. The size of the parser's stack is the depth of nesting.
 */
function tokensOf(file: string, text: string): CST.Token[] | Diagnostic {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > limits.depth) return tooDeep(file, parser.offset);
    if (++count > limits.tokens)
      return tooLarge(file, `it has more than ${limits.tokens} tokens`, parser.offset);
    if (tokens.length > limits.topLevel)
      return tooLarge(
        file,
        `it has more than ${limits.topLevel} comments, empty lines and documents`,
        parser.offset,
      );
  }
  tokens.push(...parser.end());
  return tokens;
}

const tooDeep = (file: string, offset: number): Diagnostic => ({
  severity: 'error',
  code: 'too-deep',
  message: `lists and maps are nested more than ${limits.depth} deep here`,
  at: { file, offset, length: 1 },
});

interface Composed {
  readonly list: readonly Document.Parsed<ParsedNode>[];
  readonly error: YAMLParseError | undefined;
}

/**
 * Composes documents up to the first fault of syntax: what comes after it is guesswork. Left alone, the
 * composer gathers every error of a document before it gives it back, which for a million commas costs ten
 * seconds; so its handler (a private field, hence defineProperty) is replaced by one that ends it; on its way
 * up the composer catches what is thrown and hands it to the handler again, so the first fault is kept. Tags
 * are judged by toNode.
 */
function compose(tokens: readonly CST.Token[], length: number): Composed {
  const composer = new Composer<ParsedNode>({
    version: '1.2',
    schema: 'core',
    uniqueKeys: false,
    strict: true,
    logLevel: 'silent',
  });
  let first: YAMLParseError | undefined;
  const handler = (source: ErrorSource, code: ErrorCode, message: string, warning?: boolean): void => {
    if (warning === true || code === 'TAG_RESOLVE_FAILED') return;
    first ??= new YAMLParseError(placeOf(source), code, message);
    throw first;
  };
  Object.defineProperty(composer, 'onError', { value: handler });
  const list: Document.Parsed<ParsedNode>[] = [];
  try {
    for (const document of composer.compose(tokens, true, length)) {
      list.push(document);
      const [error] = document.errors;
      if (error !== undefined) return { list, error };
      if (list.length === 2) break;
    }
  } catch (error) {
    if (error instanceof YAMLParseError) return { list, error };
    throw error;
  }
  return { list, error: undefined };
}

/** As the composer's own. */
type ErrorSource =
  | number
  | readonly [number, number]
  | readonly [number, number, number]
  | { readonly offset: number; readonly source?: string };

function placeOf(source: ErrorSource): [number, number] {
  if (typeof source === 'number') return [source, source + 1];
  if (!('offset' in source)) return [source[0], source[1]];
  return [source.offset, source.offset + (source.source?.length ?? 1)];
}
