import type { Diagnostic, Range, Report } from '../../diagnostic.ts';
import { limits } from '../yaml/guard.ts';
import type { Part } from '../yaml/node.ts';

/**
 * The parts of a text: `${name}`, `${name.name}` and `${name[0]}` are references, `$${` is a literal `${`.
 * `at` is the place of the whole scalar and `raw` its source text, so that each reference gets a place of its
 * own even in a quoted or folded text. Undefined if a fault was reported.
 */
export function templateParts(
  text: string,
  raw: string,
  at: Range,
  report: Report,
): readonly Part[] | undefined {
  const parts: Part[] = [];
  let literal = '';
  let rest = 0;
  let rawOffset = 0;
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', rest)) {
    if (text[start - 1] === '$' && start > rest) {
      literal += text.slice(rest, start - 1) + '${';
      rest = start + 2;
      rawOffset = raw.indexOf('$${', rawOffset) + 3;
      continue;
    }
    const end = text.indexOf('}', start);
    const source = text.slice(start, end < 0 ? undefined : end + 1);
    const found = raw.indexOf(source, rawOffset);
    const place = found < 0 ? at : { file: at.file, offset: at.offset + found, length: source.length };
    if (found >= 0) rawOffset = found + source.length;
    if (!reference.test(source)) {
      report(notAReference(source, end < 0, place));
      return undefined;
    }
    literal += text.slice(rest, start);
    if (literal !== '') parts.push({ kind: 'text', text: literal });
    parts.push({ kind: 'reference', path: stepsOf(source.slice(2, -1).trim()), at: place });
    if (parts.length > limits.pieces)
      return void report({
        severity: 'error',
        code: 'too-large',
        message: `this text has more than ${limits.pieces} references and texts between them`,
        at: place,
      });
    literal = '';
    rest = end + 1;
  }
  literal += text.slice(rest);
  if (literal !== '') parts.push({ kind: 'text', text: literal });
  return parts;
}

/** Names of vars, axes, params, deps and outs, and indices of lists: `${vars.models[0].r}`. */
const reference =
  /^\$\{ *[\p{L}\p{N}_-]+(\[(0|[1-9]\d{0,8})\])*(\.[\p{L}\p{N}_-]+(\[(0|[1-9]\d{0,8})\])*)* *\}$/u;

/** `a.b[0]` as its steps: "a", "b", "[0]". */
export const stepsOf = (names: string): readonly string[] => names.replaceAll('[', '.[').split('.');

const notAReference = (source: string, open: boolean, at: Range): Diagnostic => ({
  severity: 'error',
  code: 'bad-reference',
  message: open
    ? 'this ${ has no closing }'
    : `${JSON.stringify(source.slice(0, 60))} is not a reference: expected names joined by dots, as in ` +
      `\${vars.model}, or with an index, as in \${vars.models[0]}`,
  at,
  help: 'write $${ for a literal ${, for example one for the shell',
});
