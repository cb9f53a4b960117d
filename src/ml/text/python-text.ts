/**
 * What Python's `str` methods do, where JavaScript's namesakes differ. The tables of Unicode are those of the
 * running Node (CPython has its own: 3.11 carries Unicode 14), so a letter that was encoded later may differ.
 */

/** `str.lower`: every letter, final sigma included ("İ" gives two code points); never by locale. */
export const pythonLower = (text: string): string => text.toLowerCase();

/** `str.split()` without an argument: the runs between white space, no empty strings. */
export function pythonSplit(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  for (let index = 0; index < text.length; index += 1) {
    const space = isPythonSpace(text.charCodeAt(index));
    if (!space && start === -1) start = index;
    if (!space || start === -1) continue;
    words.push(text.slice(start, index));
    start = -1;
  }
  if (start !== -1) words.push(text.slice(start));
  return words;
}

/** `str.strip()` without an argument. */
export const pythonStrip = (text: string): string => pythonStripStart(pythonStripEnd(text));

/** `str.lstrip()` without an argument. */
export function pythonStripStart(text: string): string {
  let start = 0;
  while (start < text.length && isPythonSpace(text.charCodeAt(start))) start += 1;
  return text.slice(start);
}

/** `str.rstrip()` without an argument. */
export function pythonStripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isPythonSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/**
 * `str.isspace` of one character: bidirectional type WS, B or S, or category Zs, all of them single UTF-16
 * units. Unlike JavaScript's `\s`, U+001C to U+001F and U+0085 are, and U+FEFF is not.
 */
export function isPythonSpace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
  if (code < 0x2000) return code === 0x85 || code === 0xa0 || code === 0x1680;
  return (
    code <= 0x200a ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}
