/** A table of Markdown, the first column to the left. */
export const markdownTable = (titles: readonly string[], lines: readonly (readonly string[])[]): string =>
  [titles, ['---', ...titles.slice(1).map(() => '---:')], ...lines]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
