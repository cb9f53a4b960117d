import stringWidth from 'string-width';

/** Columns that a text takes on a terminal: wide characters and emoji two, marks none, colour codes none. */
export const textWidth = (text: string): number =>
  printableAscii.test(text) ? text.length : stringWidth(text);

const printableAscii = /^[\x20-\x7E]*$/;
