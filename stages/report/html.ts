/** Text that is HTML already. Made only by `html`, which escapes what it is given. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | readonly Html[];

/** A template tag: texts are escaped, HTML is inserted unchanged, lists are joined. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: strings
    .map((text, index) => text + (index < parts.length ? rendered(parts[index] ?? '') : ''))
    .join(''),
});

export const nothing: Html = { html: '' };

function rendered(part: Part): string {
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string')
    return part.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return 'html' in part ? part.html : part.map((item) => item.html).join('');
}
