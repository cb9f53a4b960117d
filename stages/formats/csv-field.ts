/** A field as RFC 4180 writes it: quoted where it holds a comma, a quote or a line break. */
export const csvField = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
